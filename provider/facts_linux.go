package provider

import (
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// facts reads what the planner has to know of the machine beside its resources.
func (m *Machine) facts() (resource.Facts, error) {
	f := resource.Facts{Version: m.version}
	var err error
	if f.Program, err = os.Executable(); err != nil {
		return f, fmt.Errorf("find the running program: %w", err)
	}
	if f.Kernel, err = kernelRelease(); err != nil {
		return f, err
	}
	if f.BootID, err = m.BootID(); err != nil {
		return f, err
	}
	if f.Schedulers, err = ipvs.AvailableSchedulers(f.Kernel); err != nil {
		return f, fmt.Errorf("find ipvs schedulers: %w", err)
	}
	links, err := dump(m.nl.LinkList)
	if err != nil {
		return f, fmt.Errorf("list network interfaces: %w", err)
	}
	for _, l := range links {
		f.Links = append(f.Links, l.Attrs().Name)
		if l.Attrs().Flags&net.FlagUp == 0 {
			f.Down = append(f.Down, l.Attrs().Name)
		}
		if l.Attrs().EncapType == "ether" {
			f.Hardware = append(f.Hardware, l.Attrs().HardwareAddr.String())
		}
	}
	slices.Sort(f.Links)
	slices.Sort(f.Down)
	slices.Sort(f.Hardware)
	if f.Addresses, err = (addressDriver{nl: m.nl}).all(); err != nil {
		return f, err
	}
	if f.Balancers, err = others("/proc", f.Links); err != nil {
		return f, fmt.Errorf("look for other users of ipvs: %w", err)
	}
	f.Systemd = systemdRuns()
	return f, nil
}

// systemdRuns tells whether systemd is what starts everything else, as sd_booted(3) does.
func systemdRuns() bool {
	dir, err := os.Stat("/run/systemd/system")
	return err == nil && dir.IsDir()
}

// kernelRelease is what uname -r prints.
func kernelRelease() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return unix.ByteSliceToString(u.Release[:]), nil
}
