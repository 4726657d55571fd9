package fleet

// Under has the fleet begin nothing more on any host once a lock that all of its runs share is
// not held for certain, which held says with an error. The locks of the hosts are held all the
// same, but whoever has the shared one now may have begun on others.
func (f *Fleet) Under(held func() error) { f.held = held }

// stillHeld is the error of who must not begin anything.
func (f *Fleet) stillHeld() error {
	if f.held == nil {
		return nil
	}
	return f.held()
}
