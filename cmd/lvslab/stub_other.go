//go:build !linux

package main

import "errors"

var errNeedsLinux = errors.New("the lab runs on Linux only")

func guestMain() {}

func setupCommand([]string) error { return errNeedsLinux }

func runCommand([]string) error { return errNeedsLinux }
