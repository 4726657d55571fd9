package topo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// defaultTimeout is how long a client waits for its answer.
const defaultTimeout = 2 * time.Second

// Response is what came back to a client.
type Response struct {
	Body   string     // without the final newline
	Source netip.Addr // the client's address, as the server saw it
	Status int        // of HTTP
	Err    error      // why there is no answer; the rest is empty then
}

// String shows a response in a failing test.
func (r Response) String() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return fmt.Sprintf("%q seen from %s", r.Body, r.Source)
}

// client is how requests are made.
type client struct {
	timeout time.Duration
	rate    float64
	source  netip.AddrPort
}

// ClientOption changes how a client asks.
type ClientOption func(*client)

// Timeout bounds a request, connecting included; the default is two seconds.
func Timeout(d time.Duration) ClientOption { return func(c *client) { c.timeout = d } }

// Rate is how many requests Load begins in a second; the default is ten.
func Rate(perSecond float64) ClientOption { return func(c *client) { c.rate = perSecond } }

// From asks from one of the host's addresses, and from a port if it is not 0. The
// default, also of the zero value, is the address that the route suggests and a fresh
// port for each request.
func From(source netip.AddrPort) ClientOption { return func(c *client) { c.source = source } }

func newClient(timeout time.Duration, opts []ClientOption) client {
	c := client{timeout: timeout, rate: 10}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// IPVS takes datagrams from a port that it has seen lately for the same connection, and does
// not schedule them. The kernel gives any port to a client, now and then the same to two; these
// are below those that it gives.
const freshPorts = 20_000

var lastPort atomic.Uint32

// connect dials as the client wants it. A TCP connection from a chosen port ends with a
// reset, so that the port can be used again at once.
func (h *Host) connect(ctx context.Context, c client, network, addr string) (net.Conn, error) {
	if network == "udp" {
		local := net.UDPAddrFromAddrPort(c.source) // nowhere, and port 0, of the zero value
		if local.Port == 0 {
			local.Port = freshPorts + int(lastPort.Add(1)%10_000)
		}
		return h.dial(ctx, &net.Dialer{LocalAddr: local}, network, addr)
	}
	if !c.source.IsValid() {
		return h.Dial(ctx, network, addr)
	}
	conn, err := h.dial(ctx, &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(c.source)}, network, addr)
	if err == nil && c.source.Port() != 0 {
		err = conn.(*net.TCPConn).SetLinger(0)
	}
	return conn, err
}

// Get fetches url from the host, on a connection of its own. The address in it
// must be numeric.
func (h *Host) Get(url string, opts ...ClientOption) Response {
	c := newClient(defaultTimeout, opts)
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	r, err := h.get(ctx, c, url)
	if err != nil {
		return Response{Err: err}
	}
	return r
}

func (h *Host) get(ctx context.Context, c client, url string) (r Response, err error) {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		return h.connect(ctx, c, network, addr)
	}
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return r, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return r, fmt.Errorf("get %s: %w", url, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return r, fmt.Errorf("get %s: %w", url, err)
	}
	r = Response{Body: strings.TrimSuffix(string(body), "\n"), Status: response.StatusCode}
	if source := response.Header.Get(sourceHeader); source != "" {
		r.Source, err = netip.ParseAddr(source)
	}
	return r, err
}

// Datagram asks the UDP service at addr. Only an answer from the address and port
// that were asked counts.
func (h *Host) Datagram(addr string, opts ...ClientOption) Response {
	c := newClient(defaultTimeout, opts)
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	r, err := h.ask(ctx, c, addr)
	if err != nil {
		return Response{Err: err}
	}
	return r
}

func (h *Host) ask(ctx context.Context, c client, addr string) (r Response, err error) {
	conn, err := h.connect(ctx, c, "udp", addr)
	if err != nil {
		return r, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return r, err
	}
	if _, err := conn.Write([]byte("?")); err != nil {
		return r, err
	}
	buf := make([]byte, 64<<10)
	n, err := conn.Read(buf)
	if err != nil {
		return r, err
	}
	text, source, _ := cutLast(strings.TrimSuffix(string(buf[:n]), "\n"), " ")
	r.Body = text
	r.Source, err = netip.ParseAddr(source)
	return r, err
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
