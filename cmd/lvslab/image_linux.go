package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A distribution's kernel image unpacks itself when it starts, which takes an
// emulator longer than all the rest of the boot. The image is unpacked once, on
// the machine, and started through its PVH entry instead.

// unpackedImage is where the unpacked form of a kernel image is kept.
func unpackedImage(image string) string {
	return filepath.Join(filepath.Dir(image), strings.Replace(filepath.Base(image), "vmlinuz", "vmlinux", 1))
}

// unpackImage writes the unpacked form of a kernel image next to it.
func unpackImage(image string) error {
	data, err := os.ReadFile(image)
	if err != nil {
		return err
	}
	payload, err := imagePayload(data)
	if err != nil {
		return err
	}
	out, err := os.Create(unpackedImage(image))
	if err != nil {
		return err
	}
	return errors.Join(decompress(out, payload), out.Close())
}

// imagePayload returns the compressed kernel inside a bzImage. The offsets are
// those of the boot protocol, Documentation/x86/boot.rst.
func imagePayload(data []byte) ([]byte, error) {
	const sector = 512
	if len(data) < 2*sector || string(data[0x202:0x206]) != "HdrS" {
		return nil, errors.New("no boot header")
	}
	setup := uint64(data[0x1f1])
	if setup == 0 {
		setup = 4
	}
	start := (setup+1)*sector + uint64(binary.LittleEndian.Uint32(data[0x248:]))
	size := uint64(binary.LittleEndian.Uint32(data[0x24c:]))
	if size < 8 || start+size > uint64(len(data)) {
		return nil, errors.New("boot header leads outside the image")
	}
	return data[start:][:size], nil
}

// decompress unpacks a kernel payload. The four bytes that follow it, its
// unpacked size, are not part of the compressed stream.
func decompress(w io.Writer, payload []byte) error {
	formats := []struct {
		magic   string
		program []string
	}{
		{"\xfd7zXZ\x00", []string{"xz", "-dc", "--single-stream"}},
		{"\x28\xb5\x2f\xfd", []string{"zstd", "-dcq"}},
		{"\x1f\x8b", []string{"gzip", "-dcq"}},
	}
	for _, f := range formats {
		if !bytes.HasPrefix(payload, []byte(f.magic)) {
			continue
		}
		var stderr bytes.Buffer
		cmd := exec.Command(f.program[0], f.program[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload[:len(payload)-4]), w, &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w: %s", f.program[0], err, lastLines(stderr.Bytes(), 5))
		}
		return nil
	}
	return fmt.Errorf("unknown compression % x", payload[:4])
}
