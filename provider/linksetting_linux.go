package provider

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// linkSettingDriver reads and sets what can be set on a network interface, whoever made
// it.
type linkSettingDriver struct{ nl *netlink.Handle }

func (d linkSettingDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	links, err := dump(d.nl.LinkList)
	if err != nil {
		return fmt.Errorf("list network interfaces: %w", err)
	}
	byName := make(map[string]*netlink.LinkAttrs, len(links))
	for _, l := range links {
		byName[l.Attrs().Name] = l.Attrs()
	}
	for _, k := range keys {
		link, name, _ := strings.Cut(k.Name, " ")
		attrs, ok := byName[link]
		if !ok {
			continue
		}
		value, err := settingOf(attrs, name)
		if err != nil {
			return fmt.Errorf("read setting of interface %s: %w", link, err)
		}
		snap.Live.Add(resource.LinkSetting{Link: link, Name: name, Value: value})
	}
	return nil
}

// settingOf is the value of one setting of an interface.
func settingOf(a *netlink.LinkAttrs, name string) (string, error) {
	switch name {
	case resource.LinkState:
		if a.Flags&net.FlagUp != 0 {
			return "up", nil
		}
		return "down", nil
	case resource.LinkMTU:
		return strconv.Itoa(a.MTU), nil
	}
	return "", errUnknownSetting(name)
}

func errUnknownSetting(name string) error { return fmt.Errorf("unknown setting %q", name) }

func (d linkSettingDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		s, ok := c.After.(resource.LinkSetting)
		if !ok {
			return d.remove(c)
		}
		link, err := d.nl.LinkByName(s.Link)
		if err != nil {
			return fmt.Errorf("interface %s: %w", s.Link, err)
		}
		err = d.set(link, s)
		if errors.Is(err, unix.ERANGE) && d.setParent(link, changes) {
			err = d.set(link, s)
		}
		return err
	})
}

// setParent sets what a link stands on to the MTU that it gets by one of some changes. A VLAN
// cannot have a larger one than that, and which of both comes first is left to those who write
// or undo them.
func (d linkSettingDriver) setParent(link netlink.Link, changes []resource.Change) bool {
	parent, err := d.nl.LinkByIndex(link.Attrs().ParentIndex)
	if err != nil {
		return false
	}
	key := resource.LinkSetting{Link: parent.Attrs().Name, Name: resource.LinkMTU}.Key()
	for _, c := range changes {
		if s, is := c.After.(resource.LinkSetting); is && s.Key() == key {
			return d.set(parent, s) == nil
		}
	}
	return false
}

// remove is for settings that are gone with their interface: no others can be deleted.
func (d linkSettingDriver) remove(c resource.Change) error {
	_, err := d.nl.LinkByName(c.Before.(resource.LinkSetting).Link)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	return errUnsupported(c)
}

func (d linkSettingDriver) set(link netlink.Link, s resource.LinkSetting) error {
	switch s.Name {
	case resource.LinkState:
		switch s.Value {
		case "up":
			return d.nl.LinkSetUp(link)
		case "down":
			return d.nl.LinkSetDown(link)
		}
		return fmt.Errorf("state %q is neither up nor down", s.Value)
	case resource.LinkMTU:
		mtu, err := strconv.ParseUint(s.Value, 10, 31)
		if err != nil {
			return fmt.Errorf("mtu %q is not a number of bytes", s.Value)
		}
		return d.nl.LinkSetMTU(link, int(mtu))
	}
	return errUnknownSetting(s.Name)
}
