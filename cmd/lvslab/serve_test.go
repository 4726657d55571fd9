package main

import (
	"io"
	"net"
	"net/http"
	"testing"
)

func TestServeHTTP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go serveHTTP(listener, "this is web1")
	defer listener.Close()
	response, err := http.Get("http://" + listener.Addr().String() + "/any/path")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "this is web1\n" {
		t.Errorf("body %q, %v", body, err)
	}
	if got := response.Header.Get("X-Client"); got != "127.0.0.1" || !response.Close {
		t.Errorf("client %q, close %v", got, response.Close)
	}
}

func TestServeUsage(t *testing.T) {
	for _, args := range [][]string{{"-udp", "-tcp-echo"}, {"extra"}, {"-nonesuch"}} {
		if code := report(serveCommand(args)); code != exitUsage {
			t.Errorf("%q: code %d", args, code)
		}
	}
}
