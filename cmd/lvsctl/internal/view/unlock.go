package view

import "time"

// A LockState is a host's lock as unlock prints it.
type LockState struct {
	Host    string   // or which lock it is, of one that is no host's
	Removed []string // what a dead holder had left
	Err     error    // who holds it, or why that is not known; nil: nobody
}

// Unlocked prints which hosts nobody holds the lock of, and what was removed there.
// Those that are not unlocked are errors.
func (p *Printer) Unlocked(results []LockState) {
	for _, r := range results {
		if r.Err == nil {
			p.Printf("%s  nobody holds the lock\n", p.paint(bold, r.Host))
		}
		for _, what := range r.Removed {
			p.Printf("  removed %s\n", Clean(what))
		}
	}
}

// An UnlockDocument is what unlock found, as JSON.
type UnlockDocument struct {
	FormatVersion string       `json:"format_version"`
	Timestamp     time.Time    `json:"timestamp"`
	Shared        *UnlockHost  `json:"shared,omitempty"` // the lock that all runs share
	Hosts         []UnlockHost `json:"hosts"`
}

// An UnlockHost is one host's lock.
type UnlockHost struct {
	Name    string   `json:"name"`
	Removed []string `json:"removed"`
	Error   string   `json:"error,omitempty"` // who holds the lock, or why that is not known
}

// NewUnlockDocument converts results: of the lock that all runs share, if there is one, and of
// hosts.
func NewUnlockDocument(shared, results []LockState, now time.Time) UnlockDocument {
	doc := UnlockDocument{FormatVersion: formatVersion, Timestamp: now.UTC(), Hosts: []UnlockHost{}}
	for _, s := range shared {
		lock := unlockHost(s)
		doc.Shared = &lock
	}
	for _, r := range results {
		doc.Hosts = append(doc.Hosts, unlockHost(r))
	}
	return doc
}

// unlockHost converts one result.
func unlockHost(r LockState) UnlockHost {
	host := UnlockHost{Name: r.Host, Removed: append([]string{}, r.Removed...)}
	if r.Err != nil {
		host.Error = r.Err.Error()
	}
	return host
}
