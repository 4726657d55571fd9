package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

func (a *app) explain() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [CLUSTER] [PATH]...",
		Short: "Explain how a packet travels through a cluster, and what is set up for that",
		Long: "Follows a packet from the client to a real server and the answer back, hop by hop with\n" +
			"the addresses of the config, once for each kind of real server that the cluster has.\n" +
			"Then lists what lvsctl sets up on which host, in which order and why. What a config\n" +
			"cannot know is a word in capitals, such as CLIENT. No host is asked.\n\n" +
			"The name of the cluster can be left out if there is only one. An argument with a slash,\n" +
			"one that ends in .hcl or .json, and . and .. are paths.\n\n" +
			"Exit codes: 0 done, 1 error.",
		Example: "  lvsctl explain examples/dr\n  lvsctl explain web examples/nat\n  lvsctl explain web --json | jq '.ways[].hops[].packet'",
		RunE: func(_ *cobra.Command, args []string) error {
			name, paths := clusterAndPaths(args)
			s, err := a.load(paths)
			if err != nil {
				return pathMeant(name, paths, err)
			}
			cluster, err := s.cluster(name)
			if err != nil {
				return err
			}
			explanation := planner.Explain(cluster)
			if a.json {
				return view.WriteJSON(a.out, view.NewExplainDocument(explanation, s.warnings))
			}
			p := a.printer(a.out)
			p.Explain(explanation)
			return p.Err()
		},
	}
	a.configFlags(c)
	return c
}

// clusterAndPaths splits arguments: the first one is the name of a cluster unless it can
// only be a path.
func clusterAndPaths(args []string) (name string, paths []string) {
	if len(args) == 0 || isPath(args[0]) {
		return "", args
	}
	return args[0], args[1:]
}

// pathMeant adds to the failure of reading the current directory that a lone argument is
// there as a path, and was taken for the name of a cluster.
func pathMeant(name string, paths []string, err error) error {
	if _, statErr := os.Stat(name); name == "" || len(paths) > 0 || statErr != nil {
		return err
	}
	return fmt.Errorf("%q was taken for the name of a cluster: for the path, write ./%s", name, name)
}

// isPath tells arguments that no cluster is called by.
func isPath(arg string) bool {
	ext := filepath.Ext(arg)
	return strings.ContainsRune(arg, os.PathSeparator) || ext == ".hcl" || ext == ".json" || arg == "." || arg == ".."
}

// cluster finds a cluster by its name, or the only one there is.
func (s *session) cluster(name string) (*schema.Cluster, error) {
	switch n := len(s.config.Clusters); {
	case n == 0:
		return nil, errors.New("the config has no cluster")
	case name == "" && n == 1:
		return s.config.Clusters[0], nil
	case name == "":
		names := make([]string, n)
		for i, c := range s.config.Clusters {
			names[i] = c.Name
		}
		return nil, fmt.Errorf("the config has %d clusters: say which one, of %s", n, strings.Join(names, ", "))
	}
	c, err := s.config.Cluster(name)
	if _, statErr := os.Stat(name); err != nil && statErr == nil {
		return nil, fmt.Errorf("%w (for the path, write ./%s)", err, name)
	}
	return c, err
}
