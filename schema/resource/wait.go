package resource

import "time"

// A Wait is a look at the connections that a step waits for.
type Wait struct {
	Step   Step
	Phase  Phase
	Left   uint64        // connections that are waited for
	AtMost time.Duration // how much longer it may take
}

// A Phase is where in a wait a look was taken.
type Phase uint8

// The phases. Where there is nothing to wait for, nothing is told.
const (
	Begun   Phase = iota // the first look that finds something
	Waiting              // one after that
	Over                 // the last one: what is left will be cut
	Stopped              // the last one: the wait was interrupted, and the step is not begun
)
