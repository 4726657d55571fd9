package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const exampleDeps = `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/fscache/fscache.ko kernel/fs/netfs/netfs.ko
kernel/fs/fscache/fscache.ko: kernel/fs/netfs/netfs.ko
kernel/fs/netfs/netfs.ko:
kernel/net/9p/9pnet.ko:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio.ko:
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko
`

func TestModuleOrder(t *testing.T) {
	tests := []struct {
		name    string
		modules []string
		want    []string
	}{
		{"nothing", nil, nil},
		{"no needs", []string{"netfs"}, []string{"kernel/fs/netfs/netfs.ko"}},
		{"needs first, each once", []string{"9p", "fscache", "9p"}, []string{
			"kernel/net/9p/9pnet.ko", "kernel/fs/netfs/netfs.ko", "kernel/fs/fscache/fscache.ko", "kernel/fs/9p/9p.ko"}},
		{"compressed", []string{"9pnet_virtio"}, []string{
			"kernel/net/9p/9pnet.ko", "kernel/drivers/virtio/virtio.ko", "kernel/net/9p/9pnet_virtio.ko.xz"}},
		{"dash or underscore", []string{"virtio_rng"}, []string{
			"kernel/drivers/virtio/virtio.ko", "kernel/drivers/char/hw_random/virtio-rng.ko"}},
		{"built in", []string{"ext4"}, nil},
	}
	deps, err := parseModuleDeps(strings.NewReader(exampleDeps))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, deps.order(test.modules...)); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestModuleDepsMalformed(t *testing.T) {
	if _, err := parseModuleDeps(strings.NewReader("kernel/fs/9p/9p.ko\n")); err == nil {
		t.Error("a line without a colon is accepted")
	}
}
