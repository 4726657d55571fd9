package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// TestForbidServices goes through an install with and without a former policy,
// and through one that follows a run that was killed.
func TestForbidServices(t *testing.T) {
	for _, test := range []struct{ name, former, saved, want string }{
		{"no policy", "", "", ""},
		{"policy", "former", "", "former"},
		{"killed without policy", policyText, "", ""},
		{"killed with policy", policyText, "former", "former"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "policy-rc.d")
			write(t, path, test.former)
			write(t, path+".lvslab", test.saved)
			restore, err := forbidServices(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, path); got != policyText {
				t.Errorf("during the install: %q", got)
			}
			restore()
			if got := read(t, path); got != test.want {
				t.Errorf("after the install: %q, want %q", got, test.want)
			}
			if got := read(t, path+".lvslab"); got != "" {
				t.Errorf("left over: %q", got)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func TestUnpackImage(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte("the kernel"))
	z.Close()
	packed.Write([]byte{10, 0, 0, 0}) // the unpacked size that follows the stream

	image := make([]byte, 2*512+16)
	image[0x1f1] = 1
	copy(image[0x202:], "HdrS")
	binary.LittleEndian.PutUint32(image[0x248:], 16)
	binary.LittleEndian.PutUint32(image[0x24c:], uint32(packed.Len()))
	path := filepath.Join(t.TempDir(), "vmlinuz-1")
	write(t, path, string(append(image, packed.Bytes()...)))
	if err := unpackImage(path); err != nil {
		t.Fatal(err)
	}
	if got := read(t, unpackedImage(path)); got != "the kernel" {
		t.Errorf("got %q", got)
	}

	for name, change := range map[string]func(){
		"outside the image": func() { binary.LittleEndian.PutUint32(image[0x24c:], 1<<20) },
		"no boot header":    func() { image[0x202] = 0 },
	} {
		change()
		if _, err := imagePayload(append(image, packed.Bytes()...)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseRun(t *testing.T) {
	t.Setenv("LVSLAB_TIMEOUT", "3m")
	t.Setenv("LVSLAB_MEMORY", "512")
	dir := t.TempDir()
	t.Setenv("LVSLAB_WRITABLE", dir)
	opts, args, err := parseRun([]string{"--memory", "768", "--writable", "/", "prog", "-test.v", "--memory", "1"})
	if err != nil {
		t.Fatal(err)
	}
	if opts.timeout.Minutes() != 3 || opts.memory != 768 || opts.kvm != "auto" {
		t.Errorf("options are %+v", opts)
	}
	if len(opts.writable) != 2 || opts.writable[0] != dir || opts.writable[1] != "/" {
		t.Errorf("writable directories are %q", opts.writable)
	}
	if len(args) != 4 || args[0] != "prog" || args[3] != "1" {
		t.Errorf("arguments are %q", args)
	}
	for _, bad := range [][]string{{}, {"--memory", "much", "prog"}, {"--writable", "/nonesuch", "prog"}} {
		if _, _, err := parseRun(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
