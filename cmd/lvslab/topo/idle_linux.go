package topo

import (
	"bytes"
	"fmt"
	"os"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Starting a command is most of what asking it costs where the kernel is emulated, and most
// hosts have nothing to tell. So the kernel is asked first how much it would answer. What it
// answers is left to the commands: nothing here knows how to read it, but for the bytes that
// say that IPVS was never configured.

// Numbers of linux/ip_vs.h, linux/fou.h and linux/netfilter/nf_tables.h.
const (
	ipvsGetConfig = 13
	ipvsGetDaemon = 11
	fouGet        = 3
	nftGetTable   = 10<<8 | 1 // of NFNL_SUBSYS_NFTABLES
)

// factoryTimeouts is how a kernel answers that has the timeouts of 900, 120 and 300 seconds
// with which it begins.
var factoryTimeouts = []byte{
	8, 0, 4, 0, 0x84, 3, 0, 0,
	8, 0, 5, 0, 120, 0, 0, 0,
	8, 0, 6, 0, 0x2c, 1, 0, 0,
}

// loaded tells whether the kernel has a module. Asking for what is in one would load it.
func loaded(module string) bool {
	_, err := os.Stat("/sys/module/" + module)
	return err == nil
}

// idleIPVS tells whether the calling thread's network has no sync daemon and the timeouts
// with which it began.
func idleIPVS() (idle bool, err error) {
	if !loaded("ip_vs") {
		return true, nil
	}
	daemons, err := genericAnswers("IPVS", ipvsGetDaemon, netlink.Dump)
	if err != nil || len(daemons) > 0 {
		return false, err
	}
	timeouts, err := genericAnswers("IPVS", ipvsGetConfig, 0)
	return err == nil && len(timeouts) == 1 && bytes.Equal(timeouts[0].Data, factoryTimeouts), err
}

// hasFouPorts tells whether the calling thread's network takes packets out of UDP.
func hasFouPorts() (has bool, err error) {
	if !loaded("fou") {
		return false, nil
	}
	ports, err := genericAnswers("fou", fouGet, netlink.Dump)
	return len(ports) > 0, err
}

// genericAnswers asks a family of generic netlink.
func genericAnswers(family string, command uint8, flags netlink.HeaderFlags) ([]genetlink.Message, error) {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", family, err)
	}
	defer conn.Close()
	f, err := conn.GetFamily(family)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", family, err)
	}
	question := genetlink.Message{Header: genetlink.Header{Command: command, Version: f.Version}}
	answers, err := conn.Execute(question, f.ID, netlink.Request|flags)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", family, err)
	}
	return answers, nil
}

// hasTables tells whether the calling thread's network has a table of nftables.
func hasTables() (has bool, err error) {
	if !loaded("nf_tables") {
		return false, nil
	}
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return false, fmt.Errorf("ask nftables: %w", err)
	}
	defer conn.Close()
	tables, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: nftGetTable, Flags: netlink.Request | netlink.Dump},
		Data:   make([]byte, 4), // struct nfgenmsg: any family
	})
	if err != nil {
		return false, fmt.Errorf("ask nftables: %w", err)
	}
	return len(tables) > 0, nil
}
