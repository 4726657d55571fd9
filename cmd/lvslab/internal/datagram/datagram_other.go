//go:build !linux

package datagram

import "net"

func askDestination(*net.UDPConn) error { return nil }

func sourceControl([]byte) ([]byte, error) { return nil, nil }
