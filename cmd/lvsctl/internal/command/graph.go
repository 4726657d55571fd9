package command

import (
	"fmt"
	"io"
	"slices"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

// graphFormats are the formats of graphs that are written as they are.
var graphFormats = map[string]func(*planner.Topology) string{"dot": view.DOT, "mermaid": view.Mermaid, "svg": view.SVG}

func (a *app) graph() *cobra.Command {
	var format string
	var clusters []string
	c := &cobra.Command{
		Use:   "graph [PATH]...",
		Short: "Draw what stands behind what",
		Long: "Draws the topology of a config: clients, the VIPs and services of each cluster, its\n" +
			"directors, and the real servers with the mode in which packets get there. Pools and\n" +
			"long lists are counted. No host is asked.\n\n" +
			"Formats: text is a tree for the terminal, svg a picture for browsers, dot is for\n" +
			"Graphviz, mermaid for Markdown that renders it.\n\n" +
			"Exit codes: 0 done, 1 error.",
		Example: "  lvsctl graph examples/dr\n  lvsctl graph --format svg examples/nat >nat.svg\n  lvsctl graph --format dot --cluster web | dot -Tpng >web.png",
		RunE: func(_ *cobra.Command, paths []string) error {
			write := graphFormats[format]
			if write == nil && format != "text" {
				return fmt.Errorf(`--format %s: want "text", "dot", "mermaid" or "svg"`, format)
			}
			s, err := a.load(paths)
			if err != nil {
				return err
			}
			topology, err := s.topology(clusters)
			switch {
			case err != nil:
				return err
			case a.json:
				return view.WriteJSON(a.out, view.NewGraphDocument(topology, s.warnings))
			case write != nil:
				_, err := io.WriteString(a.out, write(topology))
				return err
			}
			p := a.printer(a.out)
			p.Graph(topology)
			return p.Err()
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&format, "format", "text", `what to print: "text", "dot", "mermaid" or "svg"`)
	c.Flags().StringArrayVar(&clusters, "cluster", nil, "only this `CLUSTER` of the config (repeatable)")
	c.MarkFlagsMutuallyExclusive("json", "format")
	return c
}

// topology is that of the named clusters, or of all.
func (s *session) topology(names []string) (*planner.Topology, error) {
	var only []*schema.Cluster
	for _, name := range names {
		c, err := s.config.Cluster(name)
		if err != nil {
			return nil, fmt.Errorf("--cluster: %w", err)
		}
		if !slices.Contains(only, c) {
			only = append(only, c)
		}
	}
	return planner.NewTopology(s.config, only...), nil
}
