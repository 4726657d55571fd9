package resource

// A Neighbour is what was heard of an address when the other machines on its segment were
// asked who has it.
type Neighbour struct {
	Hardware string `json:"hardware,omitempty"` // Ethernet address of who has it; empty: nobody answered
	Failure  string `json:"failure,omitempty"`  // why nobody could be asked, for people
}
