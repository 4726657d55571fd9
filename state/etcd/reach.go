package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

// The client tries for as long as it may, and says then that its time was up. Why it did not
// get anywhere is what people need to hear. So before there is a client each server is
// greeted, as HTTP/2 wants it, which shows whether there is a way to it, whether both ends
// agree on TLS, and whether it takes our certificate, which with TLS 1.3 it says last.

// tls is how connections are protected; nil: not at all.
func (c Config) tls() (*tls.Config, error) {
	if u, err := url.Parse(c.Endpoints[0]); err != nil || u.Scheme != "https" {
		return nil, err
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read ca_file: %s has no certificate in it", c.CAFile)
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read cert_file and key_file: %w", err)
		}
		secure.Certificates = []tls.Certificate{pair}
	}
	return secure, nil
}

// reach greets all servers at once. If none answers, the error says why of each.
func reach(ctx context.Context, endpoints []string, secure *tls.Config, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	errs := make([]error, len(endpoints))
	var wg sync.WaitGroup
	for i, e := range endpoints {
		wg.Go(func() {
			if errs[i] = greet(ctx, e, secure); errs[i] != nil && len(endpoints) > 1 {
				errs[i] = fmt.Errorf("%s: %w", e, errs[i])
			}
		})
	}
	wg.Wait()
	if slices.Contains(errs, nil) {
		return nil
	}
	return errors.Join(errs...)
}

// greeting is what a client of HTTP/2 says first: a fixed text, and settings, of which it has
// none.
const greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// settings is the type of the frame that the answer begins with, at its fourth byte.
const (
	frameHeader = 9
	settings    = 4
)

// greet sees whether there is a server of HTTP/2.
func greet(ctx context.Context, endpoint string, secure *tls.Config) error {
	u, err := url.Parse(endpoint)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return fmt.Errorf("it cannot be reached: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if secure != nil {
		config := secure.Clone()
		config.ServerName, config.NextProtos = u.Hostname(), []string{"h2"}
		protected := tls.Client(conn, config)
		if err := protected.HandshakeContext(ctx); err != nil {
			return explainTLS(err)
		}
		conn = protected
	}
	var answer [frameHeader]byte
	if _, err = io.WriteString(conn, greeting); err == nil {
		_, err = io.ReadFull(conn, answer[:])
	}
	var alert *net.OpError
	switch {
	case err != nil && secure != nil && errors.As(err, &alert) && alert.Op == "remote error":
		return explainTLS(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("it does not answer: %w", err)
	case err != nil, answer[3] != settings:
		return errors.New("it does not speak the protocol of etcd, or wants https where this is http")
	}
	return nil
}

// explainTLS says what went wrong with TLS, and what to do.
func explainTLS(err error) error {
	var record tls.RecordHeaderError
	var alert *net.OpError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	hint := ""
	switch {
	case errors.As(err, &record), errors.Is(err, io.EOF):
		hint = ": if it speaks no TLS, write http://"
	case errors.As(err, &unknown):
		hint = ": name the authority that vouches for it with ca_file"
	case errors.As(err, &name):
		hint = ": its certificate is for other names than that of the endpoint"
	case errors.As(err, &alert) && alert.Op == "remote error":
		hint = ": it refuses our certificate, or misses one, see cert_file and key_file"
	}
	return fmt.Errorf("TLS failed: %w%s", err, hint)
}
