package topo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/internal/datagram"
)

// sourceHeader tells the client which address the server saw.
const sourceHeader = "X-Client"

// Service describes a server; Host.Serve runs it.
type Service struct {
	network string
	addr    string
	text    string
}

// HTTP is a web server on addr, such as ":80" or "10.0.0.2:80". It answers any
// request with text, on a connection that it closes.
func HTTP(addr, text string) Service { return Service{"tcp", addr, text} }

// UDP is a server that answers every datagram to addr with text and the address
// it came from. The answer leaves from the address that was asked.
func UDP(addr, text string) Service { return Service{"udp", addr, text} }

// Server is a running service. It remembers who asked.
type Server struct {
	stop func()

	mu      sync.Mutex
	sources []netip.Addr
}

// Serve starts a service in the host; it accepts when Serve returns. It is
// stopped when the test ends, or by Stop.
func (h *Host) Serve(s Service) *Server {
	h.net.t.Helper()
	start := (*Server).startHTTP
	if s.network == "udp" {
		start = (*Server).startUDP
	}
	server := &Server{}
	if err := start(server, h, s); err != nil {
		h.net.t.Fatalf("%s: serve %s %s: %v", h.Name, s.network, s.addr, err)
	}
	h.net.t.Cleanup(server.Stop)
	return server
}

// Stop closes the server's socket and its connections.
func (s *Server) Stop() { s.stop() }

// Sources returns the source address of every request so far, in order.
func (s *Server) Sources() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sources)
}

func (s *Server) saw(source netip.Addr) netip.Addr {
	source = source.Unmap()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources, source)
	return source
}

func (s *Server) startHTTP(h *Host, service Service) error {
	listener, err := h.Listen("tcp", service.addr)
	if err != nil {
		return err
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set(sourceHeader, s.saw(from.Addr()).String())
		fmt.Fprintln(w, service.text)
	}
	server := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 10 * time.Second}
	server.SetKeepAlivesEnabled(false)
	s.stop = func() { server.Close() }
	go server.Serve(listener)
	return nil
}

func (s *Server) startUDP(h *Host, service Service) error {
	var conn net.PacketConn
	err := inNetwork(h.network, func() (err error) {
		conn, err = net.ListenPacket("udp", service.addr)
		return err
	})
	if err != nil {
		return err
	}
	s.stop = func() { conn.Close() }
	go datagram.Serve(conn.(*net.UDPConn), func(from netip.AddrPort, _ []byte) []byte {
		return fmt.Appendf(nil, "%s %s\n", service.text, s.saw(from.Addr()))
	})
	return nil
}

// Listen listens in the host's network, as net.Listen does.
func (h *Host) Listen(network, addr string) (listener net.Listener, err error) {
	err = inNetwork(h.network, func() (err error) {
		listener, err = net.Listen(network, addr)
		return err
	})
	return listener, err
}

// Dial connects from the host, as net.Dial does. The address must be numeric.
func (h *Host) Dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	if _, err := netip.ParseAddrPort(addr); err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	err = inNetwork(h.network, func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, addr)
		return err
	})
	return conn, err
}
