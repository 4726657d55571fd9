package command

import (
	"errors"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/manual"
	"github.com/spf13/cobra"
)

func (a *app) docs() *cobra.Command {
	return &cobra.Command{
		Use:   "docs {reference|schema}",
		Short: "Print the reference, or the JSON schema for editors",
		Long: "Prints the reference of language and commands as Markdown, or the JSON schema by\n" +
			"which editors complete and check configs in JSON syntax. Both are those of this very\n" +
			"version of lvsctl.",
		Example:   "  lvsctl docs reference | less\n  lvsctl docs schema >lvsctl.schema.json",
		ValidArgs: []string{"reference", "schema"},
		RunE: func(c *cobra.Command, args []string) error {
			text, err := document(c.Root(), args)
			if err != nil {
				return err
			}
			p := a.printer(a.out)
			p.Printf("%s", text)
			return p.Err()
		},
	}
}

// document makes the document that the arguments name.
func document(root *cobra.Command, args []string) (string, error) {
	if len(args) == 1 {
		switch args[0] {
		case "reference":
			return manual.Reference(root, exitCodes), nil
		case "schema":
			return manual.JSONSchema()
		}
	}
	return "", errors.New(`docs: want "reference" or "schema"`)
}
