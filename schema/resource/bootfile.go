package resource

import (
	"path"
	"strings"
)

// Files that the system reads when it boots. Those of lvsctl are named after the cluster
// whose objects they set up again, or "host".

// Where they are.
const (
	sysctlDir  = "/etc/sysctl.d"
	modulesDir = "/etc/modules-load.d"
	unitDir    = "/etc/systemd/system"
	exportsDir = "/etc/exports.d"
)

// SysctlFile is the file that has settings set at boot, as sysctl.d(5) describes it, in
// the given order. One that is not there then is no error.
func SysctlFile(name string, settings []Sysctl) File {
	var text strings.Builder
	text.WriteString(madeBy)
	for _, s := range settings {
		text.WriteString("-" + s.Name + " = " + s.Value + "\n")
	}
	return rootFile(path.Join(sysctlDir, "90-lvsctl-"+name+".conf"), text.String())
}

// ModulesFile is the file that has modules loaded at boot, as modules-load.d(5) describes
// it.
func ModulesFile(name string, modules []Module) File {
	var text strings.Builder
	text.WriteString(madeBy)
	for _, m := range modules {
		text.WriteString(m.Name + "\n")
	}
	return rootFile(path.Join(modulesDir, "lvsctl-"+name+".conf"), text.String())
}

// UnitFile is a unit of systemd.
func UnitFile(name, content string) File { return rootFile(path.Join(unitDir, name), madeBy+content) }

// madeBy is how such files begin.
const madeBy = "# Written by lvsctl: the next apply undoes what is changed here.\n"

// rootFile is a file of the system.
func rootFile(name, content string) File {
	return File{Path: name, Content: Text(content), Mode: 0o644, Owner: "root", Group: "root"}
}

// ForBoot tells the files of the system that are read when it boots: those of sysctl.d and
// modules-load.d, and units.
func (f File) ForBoot() bool {
	dir := path.Dir(f.Path)
	return dir == sysctlDir || dir == modulesDir || dir == unitDir
}

// Sysctls lists the settings that a file has set when the system boots, whoever wrote it:
// none unless it is one of sysctl.d.
func (f File) Sysctls() []Sysctl {
	if path.Dir(f.Path) != sysctlDir || path.Ext(f.Path) != ".conf" {
		return nil
	}
	var list []Sysctl
	for line := range strings.Lines(string(f.Content)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "-")
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.HasPrefix(name, "#") || strings.HasPrefix(name, ";") {
			continue
		}
		list = append(list, Sysctl{Name: sysctlName(name), Value: strings.TrimSpace(value)})
	}
	return list
}

// ExportsFile is the file that has the shares of a cluster exported when the NFS server starts,
// with the given lines.
func ExportsFile(name string, lines Text) File {
	return rootFile(path.Join(exportsDir, "lvsctl-"+name+".exports"), string(lines))
}

// BootKeys lists what a file of the system, or a block in one, has mounted or exported when it
// boots, whoever wrote it: none unless that is fstab or a file of exports.d.
func BootKeys(r Resource) []Key {
	var keys []Key
	switch r := r.(type) {
	case Block:
		for line := range strings.Lines(string(r.Content)) {
			if f := strings.Fields(line); r.Path == Fstab && len(f) > 1 {
				keys = append(keys, Mount{Target: UnescapeOctal(f[1])}.Key())
			}
		}
	case File:
		for line := range strings.Lines(string(r.Content)) {
			if f := strings.Fields(line); len(f) > 1 && path.Dir(r.Path) == exportsDir && path.Ext(r.Path) == ".exports" {
				client, _, _ := strings.Cut(f[1], "(")
				keys = append(keys, Export{Path: UnescapeOctal(f[0]), Client: UnescapeOctal(client)}.Key())
			}
		}
	}
	return keys
}

// UnescapeOctal turns \040 and the like into what they stand for, as fstab(5), exports(5) and
// the kernel's tables of mounts have them.
func UnescapeOctal(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c, ok := octal(text[i:]); ok {
			b.WriteByte(c)
			i += 3
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// octal reads a backslash with three octal digits that are a byte.
func octal(text string) (byte, bool) {
	if len(text) < 4 || text[0] != '\\' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text[1:4]) {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n*8 + int(c-'0')
	}
	return byte(n), n < 256
}

// sysctlName is a name as [Sysctl] has it. In sysctl.d the first separator tells whether
// dots separate or slashes.
func sysctlName(name string) string {
	if i := strings.IndexAny(name, "./"); i < 0 || name[i] == '.' {
		return name
	}
	return swapDots.Replace(name)
}
