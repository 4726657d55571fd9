package provider

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// fouDriver reads and changes the ports on which packets are taken out of UDP.
//
// It speaks generic netlink by itself. What the library of the other drivers sends to
// open a port for GUE names protocol 0, which newer kernels refuse (Debian's 6.1.192 is
// one), and it remembers the family's number, which changes with each loading of fou.
type fouDriver struct{}

func (fouDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	// Without the module there are no ports, and reading loads nothing.
	if loaded, err := modulePresent("fou"); err != nil || !loaded {
		return err
	}
	f, err := dialFOU()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.close()
	ports, err := f.list()
	if err != nil {
		return err
	}
	wanted := newKeySet(keys)
	for _, port := range ports {
		if wanted[port.Key()] {
			snap.Live.Add(port)
		}
	}
	return nil
}

func (fouDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		f, err := dialFOU()
		if c.After == nil && errors.Is(err, fs.ErrNotExist) {
			return nil // gone with the module
		}
		if err != nil {
			return err
		}
		defer f.close()
		if c.Before != nil {
			if err := f.remove(c.Before.(resource.FOU)); err != nil {
				return err
			}
		}
		if c.After != nil {
			return f.add(c.After.(resource.FOU))
		}
		return nil
	})
}

// fouClient talks to the generic netlink family "fou" of the network namespace that it
// was opened in.
type fouClient struct {
	conn   *genetlink.Conn
	family uint16
}

// dialFOU connects to the family, or fails with [fs.ErrNotExist] where the module fou is
// not loaded. IPv6 needs no other module: fou6 is for sending.
func dialFOU() (*fouClient, error) {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return nil, err
	}
	family, err := conn.GetFamily("fou")
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("the kernel module fou is not loaded (%w)", err)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &fouClient{conn, family.ID}, nil
}

// close lets go of the connection; there is nothing in it to be lost.
func (f *fouClient) close() { _ = f.conn.Close() }

// The family's version and commands, and the attributes that a port has (linux/fou.h).
const (
	fouVersion = 1

	fouAdd    = 1 // FOU_CMD_ADD
	fouDelete = 2 // FOU_CMD_DEL
	fouGet    = 3 // FOU_CMD_GET

	fouPort     = 1  // u16, network byte order
	fouFamily   = 2  // u8
	fouProtocol = 3  // u8
	fouType     = 4  // u8
	fouLocal4   = 6  // u32
	fouLocal6   = 7  // 16 bytes
	fouPeer4    = 8  // u32
	fouPeer6    = 9  // 16 bytes
	fouPeerPort = 10 // u16, network byte order
	fouLink     = 11 // s32

	fouDirect = 1 // FOU_ENCAP_DIRECT
	fouGUE    = 2 // FOU_ENCAP_GUE
)

func (f *fouClient) execute(command uint8, flags netlink.HeaderFlags, attrs *netlink.AttributeEncoder) ([]genetlink.Message, error) {
	data, err := attrs.Encode()
	if err != nil {
		return nil, err
	}
	m := genetlink.Message{Header: genetlink.Header{Command: command, Version: fouVersion}, Data: data}
	return f.conn.Execute(m, f.family, netlink.Request|flags)
}

// list lists the ports of both families.
func (f *fouClient) list() ([]resource.FOU, error) {
	answers, err := f.execute(fouGet, netlink.Dump, netlink.NewAttributeEncoder())
	if err != nil {
		return nil, fmt.Errorf("list fou ports: %w", err)
	}
	var ports []resource.FOU
	for _, answer := range answers {
		port, plain, err := decodeFOU(answer.Data)
		if err != nil {
			return nil, fmt.Errorf("list fou ports: %w", err)
		}
		if plain {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

func (f *fouClient) add(port resource.FOU) error {
	if port.GUE && port.Protocol != 0 {
		return fmt.Errorf("protocol %d: what is inside GUE is said by each packet", port.Protocol)
	}
	attrs := encodeFOU(port)
	if port.GUE {
		attrs.Uint8(fouType, fouGUE)
	} else {
		attrs.Uint8(fouType, fouDirect)
		attrs.Uint8(fouProtocol, port.Protocol)
	}
	_, err := f.execute(fouAdd, netlink.Acknowledge, attrs)
	return err
}

// remove closes a port. One that is gone already is fine; the kernel would call it
// invalid.
func (f *fouClient) remove(port resource.FOU) error {
	ports, err := f.list()
	if err != nil {
		return err
	}
	same := func(p resource.FOU) bool { return p.Key() == port.Key() }
	if !slices.ContainsFunc(ports, same) {
		return nil
	}
	_, err = f.execute(fouDelete, netlink.Acknowledge, encodeFOU(port))
	return err
}

// encodeFOU encodes what identifies a port.
func encodeFOU(port resource.FOU) *netlink.AttributeEncoder {
	attrs := netlink.NewAttributeEncoder()
	attrs.ByteOrder = binary.BigEndian // of the port; all else is single bytes
	attrs.Uint16(fouPort, port.Port)
	attrs.Uint8(fouFamily, uint8(port.Family))
	return attrs
}

// decodeFOU reads a port. It is plain unless it is bound to an address, a link, or a
// peer: then it is another object, beside which there can be a plain one elsewhere.
func decodeFOU(data []byte) (port resource.FOU, plain bool, err error) {
	attrs, err := netlink.NewAttributeDecoder(data)
	if err != nil {
		return port, false, err
	}
	attrs.ByteOrder, plain = binary.BigEndian, true
	for attrs.Next() {
		switch attrs.Type() {
		case fouPort:
			port.Port = attrs.Uint16()
		case fouFamily:
			port.Family = resource.Family(attrs.Uint8())
		case fouProtocol:
			port.Protocol = attrs.Uint8()
		case fouType:
			port.GUE = attrs.Uint8() == fouGUE
		case fouLocal4, fouLocal6, fouPeer4, fouPeer6, fouPeerPort, fouLink:
			plain = plain && allZero(attrs.Bytes())
		}
	}
	return port, plain, attrs.Err()
}

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(v byte) bool { return v != 0 })
}
