// Package neighbour talks to the other machines on a segment about who has which address:
// by ARP (RFC 826, RFC 5227) for IPv4, and by neighbour discovery (RFC 4861, RFC 4862) for
// IPv6.
//
// It has its own frames, since the kernel only speaks for itself: it neither says that an
// address has moved here, unless told to for a whole interface, nor asks who has an address
// that it is about to get.
package neighbour
