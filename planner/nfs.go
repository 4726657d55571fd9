package planner

import (
	"path"
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Shared storage.
//
// All real servers show the same pages, whoever of them is asked: they mount one directory
// of one server.
//
// On the server: the directory, if it is to be made; the NFS server, running; a line for
// the share in a file of our own below /etc/exports.d, so that the server knows it again
// after a restart; and the export itself, which exportfs(8) tells the server.
//
// On each client: the mount point, the mount, and a line in /etc/fstab in a block of our
// own. A mount comes after the export, and a real server is not taken in before all that
// it mounts is there: it would answer with what lies below.

// nfsServer is the unit that runs the NFS server.
const nfsServer = "nfs-server.service"

// shares sets up what the hosts of a cluster have in common, and notes after which steps
// each has all that it mounts.
func (d *Desired) shares(c *schema.Cluster) {
	exported := map[*schema.Host]*step{}
	for _, share := range c.Shares {
		if exported[share.Server] == nil {
			exported[share.Server] = d.export(c, share.Server)
		}
	}
	for _, share := range c.Shares {
		for _, m := range share.Mounts {
			for _, h := range m.Hosts {
				d.mount(c, share, m, h, exported[share.Server])
			}
		}
	}
}

// export has a server share what it has of a cluster, and returns the step after which
// clients find it.
func (d *Desired) export(c *schema.Cluster, h *schema.Host) *step {
	directories := d.step(h, c.Name, "directories to share")
	running := d.step(h, c.Name, "NFS server")
	exports := d.step(h, c.Name, "shares")
	exports.comesAfter(directories, "only what is there can be shared")
	exports.comesAfter(running, "the NFS server is who shares it")
	file := resource.ExportsFile(c.Name, "")
	var live []want
	for _, share := range c.Shares {
		if share.Server != h {
			continue
		}
		source := schema.SourceOf(share.Range)
		d.want(running, resource.Unit{Name: nfsServer, Setting: resource.UnitRunning, Value: "yes"}, source)
		d.wantWhere(running, resource.Unit{Name: nfsServer, Setting: resource.UnitEnabled, Value: "yes"}, source, withSystemd)
		d.directory(exports, path.Dir(file.Path), source)
		if share.Directory != nil {
			d.parents(directories, share.Path, source)
			d.want(directories, *share.Directory, source)
		}
		for _, client := range share.Clients {
			file.Content += resource.Text(resource.ExportsLine(share.Path, client, share.Options) + "\n")
			live = append(live, want{state: resource.Export{Path: share.Path, Client: client, Options: share.Options}, source: source})
		}
	}
	d.want(exports, file, live[0].source)
	for _, w := range live {
		d.want(exports, w.state, w.source)
	}
	return exports
}

// mount has a host mount a share.
func (d *Desired) mount(c *schema.Cluster, share *schema.Share, m *schema.ShareMount, h *schema.Host, exported *step) {
	source := schema.SourceOf(m.Range)
	mount := resource.Mount{Target: m.Target, Source: share.Source(), Type: "nfs", Options: m.Options, Force: m.Force}
	ready := d.portMapper(c, h, mount, source)
	s := d.step(h, c.Name, "mount "+share.Name+" at "+m.Target)
	s.comesAfter(exported, "only what is shared can be mounted")
	if ready != nil {
		s.comesAfter(ready, "NFS before version 4 locks files by a program that is found with it")
	}
	d.parents(s, m.Target, source)
	d.directory(s, m.Target, source)
	d.want(s, mount, source)
	if m.Boot {
		d.want(s, resource.Block{Path: resource.Fstab, Name: c.Name + "/" + share.Name + m.Target, Comment: "#", Content: resource.Text(resource.FstabLine(mount, false) + "\n")}, source)
	}
	d.mounts[h] = append(d.mounts[h], s)
}

// portMapper has rpcbind run where a mount needs it, and returns that step, nil for none.
func (d *Desired) portMapper(c *schema.Cluster, h *schema.Host, m resource.Mount, source resource.Source) *step {
	if !m.LocksByProgram() {
		return nil
	}
	s := d.step(h, c.Name, "port mapper for "+m.Target)
	d.want(s, resource.Unit{Name: "rpcbind.service", Setting: resource.UnitRunning, Value: "yes"}, source)
	return s
}

// parents wants all directories that a path leads through.
func (d *Desired) parents(s *step, p string, source resource.Source) {
	var list []string
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		list = append(list, dir)
	}
	for _, dir := range slices.Backward(list) {
		d.directory(s, dir, source)
	}
}

// directory wants a directory that serves as it is, whoever made it and for whomever.
func (d *Desired) directory(s *step, p string, source resource.Source) {
	dir := resource.Directory{Path: p, Mode: 0o755, Owner: "root", Group: "root"}
	if other, wanted := d.wants[s.Host].Find(dir.Key()); wanted && other.state != resource.Resource(dir) {
		s.comesAfter(other.step, "shares "+dir.Key().String())
		return
	}
	d.wantAnyhow(s, dir, source)
}
