// Package etcdtest runs an etcd server within a test.
package etcdtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// A Server is an etcd of one member, on the loopback interface. It makes leases from a second
// on.
type Server struct {
	URL  string
	Stop func()                                             // ends it, and can be called again
	CA   string                                             // with TLS, the PEM file of the authority
	Pair func(t *testing.T, name string) (cert, key string) // with TLS, makes a client's certificate
}

// startTime is how long a server may take to be there, on a machine that has more to do.
const startTime = time.Minute

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server { return start(t, &Server{}, embed.NewConfig()) }

// StartTLS starts a server that wants TLS, and a certificate of every client.
func StartTLS(t *testing.T) *Server {
	t.Helper()
	a := newAuthority(t)
	config := embed.NewConfig()
	config.ClientTLSInfo.TrustedCAFile, config.ClientTLSInfo.ClientCertAuth = a.file, true
	config.ClientTLSInfo.CertFile, config.ClientTLSInfo.KeyFile = a.pair(t, "server")
	return start(t, &Server{CA: a.file, Pair: a.pair}, config)
}

func start(t testing.TB, s *Server, config *embed.Config) *Server {
	t.Helper()
	scheme := "http"
	if s.CA != "" {
		scheme = "https"
	}
	peer, client := url.URL{Scheme: "http", Host: "127.0.0.1:0"}, url.URL{Scheme: scheme, Host: "127.0.0.1:0"}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.Dir = filepath.Join(t.TempDir(), "etcd")
	config.TickMs, config.ElectionMs = 50, 500
	config.UnsafeNoFsync, config.BcryptCost = true, 4
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	server, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	s.Stop = sync.OnceFunc(server.Close)
	t.Cleanup(s.Stop)
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		t.Fatal(err)
	case <-time.After(startTime):
		t.Fatal("etcd is not there in time")
	}
	s.URL = scheme + "://" + server.Clients[0].Addr().String()
	return s
}

// Client connects to the server, with a certificate where it wants one, and as a user where
// there are any.
func (s *Server) Client(t *testing.T, user, password string) *clientv3.Client {
	t.Helper()
	config := clientv3.Config{Endpoints: []string{s.URL}, DialTimeout: startTime, Logger: zap.NewNop(), Username: user, Password: password}
	if s.CA != "" {
		cert, key := s.Pair(t, "root")
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(s.CA)
		if err != nil {
			t.Fatal(err)
		}
		config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		config.TLS.RootCAs.AppendCertsFromPEM(text)
	}
	c, err := clientv3.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// EnableAuth has the server want logins: of root, who may do all, and of users who may read
// and write the keys below a prefix, if it is not empty. Every password is the name, twice.
func (s *Server) EnableAuth(t *testing.T, users map[string]string) {
	t.Helper()
	c := s.Client(t, "", "")
	must := func(_ any, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	must(c.UserAdd(ctx, "root", "rootroot"))
	must(c.UserGrantRole(ctx, "root", "root"))
	for user, prefix := range users {
		must(c.UserAdd(ctx, user, user+user))
		if prefix == "" {
			continue
		}
		must(c.RoleAdd(ctx, user))
		must(c.RoleGrantPermission(ctx, user, prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite)))
		must(c.UserGrantRole(ctx, user, user))
	}
	must(c.AuthEnable(ctx))
}

// An authority makes certificates.
type authority struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir()}
	a.file = filepath.Join(a.dir, "ca.pem")
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "test authority"}}
	der, key := a.sign(t, template)
	a.key = key
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	write(t, a.file, "CERTIFICATE", der)
	return a
}

// pair makes a certificate for a name and for the loopback addresses, with its key.
func (a *authority) pair(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	der, key := a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	})
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	write(t, certFile, "CERTIFICATE", der)
	write(t, keyFile, "PRIVATE KEY", secret)
	return certFile, keyFile
}

// sign makes a key and signs for it; the authority's own while it has none.
func (a *authority) sign(t *testing.T, template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func write(t *testing.T, name, kind string, der []byte) {
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
