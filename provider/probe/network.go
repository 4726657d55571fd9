package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// connect opens a TCP connection and closes it.
func connect(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// maxBody is how much of an answer is read and looked at, in bytes.
const maxBody = 1 << 20

// fetch gets a page, and compares it with what it should be. It is a connection of its own,
// straight to where the URL says: proxies and redirects would lead past the cluster. The
// body is read also where nobody asks what is in it, since headers fit through where larger
// packets do not.
func fetch(ctx context.Context, p resource.Probe) error {
	transport := &http.Transport{
		DialContext:            new(net.Dialer).DialContext,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxBody,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.HTTP, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "lvsctl-probe")
	resp, err := client.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err // which page it was is known
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return judge(resp, p)
}

// judge compares an answer with what it should be.
func judge(resp *http.Response, p resource.Probe) error {
	switch got := resp.StatusCode; {
	case p.Status == 0 && (got < 200 || got > 399):
		return fmt.Errorf("the status is %d, and should be from 200 to 399", got)
	case p.Status != 0 && got != p.Status:
		return fmt.Errorf("the status is %d, and should be %d", got, p.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if !bytes.Contains(body, []byte(p.Contains)) {
		return fmt.Errorf("%q is not in the body", p.Contains)
	}
	return nil
}
