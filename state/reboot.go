package state

import (
	"maps"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Reboots.
//
// Most of what lvsctl makes lives in the kernel and goes when the host boots. A claim on it
// would be a claim on whatever somebody else puts there next, so it is given up. But it is
// not forgotten: it is lost, which means no more than that the host had this before, and
// that lvsctl boot can set it up again. That ends when all is set up again, or when an
// apply has set up what is wanted by then.
//
// What outlives a boot stays claimed with what stood there before us: files and the like,
// and what one of our files has made again before anybody could look: settings, mounts and
// exports. Of mounts and exports that is not certain, since they need a network and a server.
// So they are lost all the same, and lvsctl boot looks after them.
//
// An apply that was under way when the host booted is taken back. That is what becomes of
// it on the other hosts, where it fails with this one, and after a power cut it is the only
// thing that they can all do by themselves. So what is lost is what there was before that
// apply; what the apply did to what outlives a boot is still to be undone, and the journal
// knows it. An apply that has ended cannot be undone any more.

// startUp makes the image one of the given boot.
func (m *image) startUp(boot string) {
	if m.boot != "" && m.boot != boot {
		m.reboot()
	}
	m.boot = boot
}

// reboot forgets what went when the host booted, and notes what it has lost.
func (m *image) reboot() {
	outlives := m.outlives()
	before := m.claims
	if m.cutOff() {
		before = m.beforeApply()
		maps.Copy(m.steps, m.pastSteps())
	}
	for key, claim := range before.All() {
		if key.Kind == resource.KindMount || key.Kind == resource.KindExport || !outlives(key) {
			m.lost.Put(key, claim)
		}
	}
	m.claims.DeleteFunc(func(key resource.Key, _ resource.Claim) bool { return !outlives(key) })
	m.former = nil
	if !m.cutOff() || m.journal.Apply.Boots && !m.journal.Apply.Reverts { // lvsctl boot starts over
		m.journal = nil
		return
	}
	m.journal.Was.DeleteFunc(func(key resource.Key, _ resource.Was) bool { return !outlives(key) })
	m.journal.Ending, m.journal.Note = resource.Rebooted, ""
}

// outlives tells what is still there after a boot, or again.
func (m *image) outlives() func(resource.Key) bool {
	again := map[resource.Key]bool{}
	for _, claim := range m.claims.All() {
		if f, is := claim.Want.(resource.File); is {
			for _, s := range f.Sysctls() {
				again[s.Key()] = true
			}
		}
		for _, key := range resource.BootKeys(claim.Want) {
			again[key] = true
		}
	}
	return func(k resource.Key) bool { return !k.Kind.Volatile() || again[k] }
}

// cutOff tells whether an apply is under way that is taken back if the host boots. One that
// was kept is not, unless it was about taking another one back.
func (m *image) cutOff() bool {
	j := m.journal
	return m.journaling() && (j.Ending != resource.Kept || j.Apply.Boots && j.Apply.Reverts)
}

// beforeApply is what was claimed when the apply that is under way began.
func (m *image) beforeApply() *resource.ByKey[resource.Claim] {
	claims := m.claims.Clone()
	for key, was := range m.journal.Was.All() {
		if was.Claimed {
			claims.Put(key, was.Claim)
		} else {
			claims.Delete(key)
		}
	}
	return claims
}

// settles tells whether nothing is lost any more after an apply that ended like this.
func settles(apply resource.Apply, ending resource.Ending) bool {
	return ending == resource.Applied || ending == resource.Destroyed || ending == resource.Reverted && apply.Boots
}
