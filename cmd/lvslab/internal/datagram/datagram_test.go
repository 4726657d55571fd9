package datagram_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/internal/datagram"
)

// TestServeAnswersFromDestination asks several local addresses of one wildcard
// socket; a connected client hears an answer only if it comes from the address asked.
func TestServeAnswersFromDestination(t *testing.T) {
	for _, network := range []string{"udp", "udp4"} {
		t.Run(network, func(t *testing.T) {
			conn, err := net.ListenUDP(network, &net.UDPAddr{})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				done <- datagram.Serve(conn, func(from netip.AddrPort, data []byte) []byte {
					return fmt.Appendf(nil, "%s from %s", data, from.Addr())
				})
			}()
			port := conn.LocalAddr().(*net.UDPAddr).Port
			addrs := []string{"127.0.0.1"}
			if runtime.GOOS == "linux" {
				addrs = append(addrs, "127.0.0.2")
			}
			for _, addr := range addrs {
				ask(t, fmt.Sprintf("%s:%d", addr, port))
			}
			conn.Close()
			if err := <-done; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Serve returned %v, want net.ErrClosed", err)
			}
		})
	}
}

func ask(t *testing.T, addr string) {
	t.Helper()
	client, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := client.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := client.Read(buf)
	if err != nil {
		t.Fatalf("answer from %s: %v", addr, err)
	}
	if got, want := string(buf[:n]), "hello from "+client.LocalAddr().(*net.UDPAddr).IP.String(); got != want {
		t.Errorf("answer from %s: got %q, want %q", addr, got, want)
	}
}
