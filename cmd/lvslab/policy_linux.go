package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// policyPath is the script that maintainer scripts ask before they start a
// service; exit code 101 means "do not".
const policyPath = "/usr/sbin/policy-rc.d"

const policyText = "#!/bin/sh\n# Written by lvslab for the time of one install.\nexit 101\n"

// forbidServices puts a policy at path that forbids every service action and
// returns what puts the former policy back. A former policy is set aside next to
// it, so that a run that was killed is repaired by the next one. Until restore,
// interrupts are held back: an install that was begun is brought to its end.
func forbidServices(path string) (restore func(), err error) {
	saved := path + ".lvslab"
	if err := recoverPolicy(path, saved); err != nil {
		return nil, err
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	if err := os.Rename(path, saved); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("set the service policy aside: %w", err)
	}
	if err := os.WriteFile(path, []byte(policyText), 0o755); err != nil {
		return nil, errors.Join(fmt.Errorf("forbid services: %w", err), recoverPolicy(path, saved))
	}
	return func() {
		if err := recoverPolicy(path, saved); err != nil {
			fmt.Fprintf(os.Stderr, "lvslab: %v\n", err)
		}
		signal.Stop(interrupts)
		select {
		case s := <-interrupts:
			os.Exit(128 + int(s.(syscall.Signal)))
		default:
		}
	}, nil
}

// recoverPolicy takes away a policy written by forbidServices and puts back the
// one that was set aside; it does nothing when there is neither.
func recoverPolicy(path, saved string) error {
	if text, err := os.ReadFile(path); err == nil && string(text) == policyText {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove the service policy: %w", err)
		}
	}
	err := os.Rename(saved, path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore the service policy: %w", err)
	}
	return nil
}
