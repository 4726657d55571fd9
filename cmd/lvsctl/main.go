// Lvsctl brings Linux Virtual Server clusters to the state that HCL files describe.
package main

import (
	"os"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
