package command

import (
	"runtime"
	"runtime/debug"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
)

// version is set when a release is built.
var version = ""

// buildVersion is the release, or what the build knows of itself.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func (a *app) version() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  lvsctl version\n  lvsctl version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return view.WriteJSON(a.out, map[string]string{
					"version": buildVersion(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			p := a.printer(a.out)
			p.Printf("lvsctl %s (%s, %s/%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return p.Err()
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}
