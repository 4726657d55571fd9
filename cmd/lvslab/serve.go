package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/internal/datagram"
)

// serveOptions are the flags of "lvslab serve".
type serveOptions struct {
	listen  string
	text    string
	udp     bool
	tcpEcho bool
}

// serveCommand is "lvslab serve": the real server of demonstrations. It runs
// until it is killed.
func serveCommand(args []string) error {
	var opts serveOptions
	flags := flag.NewFlagSet("lvslab serve", flag.ContinueOnError)
	flags.StringVar(&opts.listen, "listen", ":80", "`address:port` to listen on")
	flags.StringVar(&opts.text, "text", "", "what to answer")
	flags.BoolVar(&opts.udp, "udp", false, "answer datagrams instead of HTTP requests")
	flags.BoolVar(&opts.tcpEcho, "tcp-echo", false, "send back what arrives on a connection, after the text")
	if err := parseFlags(flags, "lvslab serve [flags]", args); err != nil {
		return err
	}
	if flags.NArg() > 0 || opts.udp && opts.tcpEcho {
		return &exitError{exitUsage, errors.New("serve takes flags only, and one of -udp and -tcp-echo")}
	}
	if opts.udp {
		return serveUDP(opts)
	}
	listener, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if opts.tcpEcho {
		return serveEcho(listener, opts.text)
	}
	return serveHTTP(listener, opts.text)
}

// serveHTTP answers every request with text and, in the header X-Client, the
// address it came from. Each request is a connection of its own, which makes a
// load balancer decide anew for each.
func serveHTTP(listener net.Listener, text string) error {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Client", hostOf(r.RemoteAddr))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, text)
	}
	server := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 10 * time.Second}
	server.SetKeepAlivesEnabled(false)
	return server.Serve(listener)
}

// serveUDP answers every datagram with text and the address it came from.
func serveUDP(opts serveOptions) error {
	addr, err := net.ResolveUDPAddr("udp", opts.listen)
	if err != nil {
		return err
	}
	conn, err := net.ListenUDP("udp", addr)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return datagram.Serve(conn, func(from netip.AddrPort, _ []byte) []byte {
		return fmt.Appendf(nil, "%s %s\n", opts.text, from.Addr())
	})
}

// serveEcho greets every connection with text and the address it came from, then
// sends back what arrives until the peer closes.
func serveEcho(listener net.Listener, text string) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			fmt.Fprintf(conn, "%s %s\n", text, hostOf(conn.RemoteAddr().String()))
			io.Copy(conn, conn)
		}()
	}
}

// hostOf is an address without its port.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
