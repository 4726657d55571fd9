package topo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/internal/datagram"
)

// sourceHeader tells the client which address the server saw.
const sourceHeader = "X-Client"

// Service describes a server; Host.Serve runs it.
type Service struct {
	name  string
	addr  string
	text  string
	start func(*Server, *Host, Service) error
}

// HTTP is a web server on addr, such as ":80" or "10.0.0.2:80". It answers any
// request with text, on a connection that it closes.
func HTTP(addr, text string) Service { return Service{"http", addr, text, (*Server).startHTTP} }

// Files is a web server on addr that answers with what is in a directory of the host, as
// it is found at that moment, in index.html for the directory itself.
func Files(addr, dir string) Service { return Service{"files", addr, dir, (*Server).startFiles} }

// UDP is a server that answers every datagram to addr with text and the address
// it came from. The answer leaves from the address that was asked.
func UDP(addr, text string) Service { return Service{"udp", addr, text, (*Server).startUDP} }

// Echo is a TCP server on addr that sends back what arrives on a connection, until
// the client has sent everything. Host.Transfer is its client.
func Echo(addr string) Service { return Service{"echo", addr, "", (*Server).startEcho} }

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
	server := &Server{}
	if err := s.start(server, h, s); err != nil {
		h.net.t.Fatalf("%s: serve %s on %s: %v", h.Name, s.name, s.addr, err)
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
	return s.startPages(h, service, func(string) ([]byte, error) { return []byte(service.text + "\n"), nil })
}

func (s *Server) startFiles(h *Host, service Service) error {
	return s.startPages(h, service, func(name string) (page []byte, err error) {
		if strings.HasSuffix(name, "/") {
			name += "index.html"
		}
		h.Inside(func() { page, err = os.ReadFile(filepath.Join(service.text, filepath.Clean(name))) })
		return page, err
	})
}

// startPages answers requests with pages by their path.
func (s *Server) startPages(h *Host, service Service, page func(string) ([]byte, error)) error {
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
		text, err := page(r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Write(text)
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

func (s *Server) startEcho(h *Host, service Service) error {
	listener, err := h.Listen("tcp", service.addr)
	if err != nil {
		return err
	}
	s.stop = func() { listener.Close() }
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go s.echo(conn)
		}
	}()
	return nil
}

// echo ends with the connection, or some time after the client has lost interest.
func (s *Server) echo(conn net.Conn) {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return
	}
	if from, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		s.saw(from.Addr())
	}
	io.Copy(conn, conn) // what does not come back is the client's to notice
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
func (h *Host) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return h.dial(ctx, &net.Dialer{}, network, addr)
}

func (h *Host) dial(ctx context.Context, d *net.Dialer, network, addr string) (conn net.Conn, err error) {
	if _, err := netip.ParseAddrPort(addr); err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	err = inNetwork(h.network, func() (err error) {
		conn, err = d.DialContext(ctx, network, addr)
		return err
	})
	return conn, err
}
