// Package provider is the machine: it reads and changes what is really there, one
// file for each kind of resource. It decides nothing. What to change is handed to it
// as data, and what it found or failed to do is handed back.
package provider
