package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/adopt"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

func (a *app) adopt() *cobra.Command {
	var netns, ssh, out string
	c := &cobra.Command{
		Use:   "adopt [NAME] [-- COMMAND...]",
		Short: "Write the configuration of a host that was set up by hand",
		Long: "Reads a host and writes what is there as a configuration: IPVS, and what VIPs, kernel\n" +
			"settings, interfaces, routes and rules are there for it. A plan with it changes nothing\n" +
			"on the host. The host is not touched.\n\n" +
			"It is this machine, or a network namespace of it, or another one that ssh reaches, or what\n" +
			"the COMMAND reaches, as in the argument of the same name of a host. NAME is what it is\n" +
			"called in the configuration; it is taken from where the host is where it is omitted.\n\n" +
			"Exit codes: 0 done, 1 error, 7 the host cannot be reached.",
		Example: "  lvsctl adopt\n  lvsctl adopt --netns lb1 --out lb1.hcl\n  lvsctl adopt --ssh deploy@lb1 --out lb1.hcl\n  lvsctl adopt lb1 -- nsenter --net=/run/netns/lb1",
		RunE: func(c *cobra.Command, args []string) error {
			subject, err := subjectOf(c.ArgsLenAtDash(), args, netns, ssh)
			if err != nil {
				return err
			}
			desc, err := a.describe(c.Context(), subject)
			if err != nil {
				return err
			}
			return a.writeDescription(subject, desc, out)
		},
	}
	c.Flags().StringVar(&netns, "netns", "", "the network namespace `NAME` of this machine")
	c.Flags().StringVar(&ssh, "ssh", "", "the machine that ssh reaches as `[USER@]ADDRESS`")
	c.Flags().StringVar(&out, "out", "", "write to a new `FILE` instead of standard output")
	return c
}

// subjectOf reads the arguments: a name, and behind a dash the command that reaches the
// host.
func subjectOf(dash int, args []string, netns, ssh string) (adopt.Subject, error) {
	names, argv := args, []string(nil)
	if dash >= 0 {
		names, argv = args[:dash], args[dash:]
	}
	s := adopt.Subject{Reach: schema.Reach{Netns: netns, Command: argv}}
	if ssh != "" {
		var err error
		if s.Reach.SSH, err = schema.ParseSSH(ssh); err != nil {
			return s, fmt.Errorf("--ssh: %w", err)
		}
	}
	s.Reach.Local = netns == "" && ssh == "" && len(argv) == 0
	switch {
	case len(names) > 1:
		return s, fmt.Errorf("a host has one name, and here are %s; a command to reach it stands behind --", strings.Join(names, ", "))
	case netns != "" && len(argv) > 0, netns != "" && ssh != "", ssh != "" && len(argv) > 0:
		return s, errors.New("a host is reached in one way: --netns, --ssh or a command")
	case len(names) == 1 && !hclsyntax.ValidIdentifier(names[0]):
		return s, fmt.Errorf("%q cannot be the name of a host: it must begin with a letter and have only letters, digits, dashes and underscores", names[0])
	case len(names) == 1:
		s.Name = names[0]
		return s, nil
	case netns != "":
		s.Name = identifier(netns)
	case ssh != "":
		s.Name = identifier(ssh)
	case len(argv) > 0:
		s.Name = identifier(argv[len(argv)-1])
	default:
		name, err := os.Hostname()
		if err != nil {
			return s, fmt.Errorf("find a name for the host: %w", err)
		}
		s.Name = identifier(name)
	}
	return s, nil
}

// identifier makes a name for the config of where a host is: what follows a user, up to
// the domain.
func identifier(where string) string {
	_, name, named := strings.Cut(where, "@")
	if !named {
		name = where
	}
	name, _, _ = strings.Cut(name, ".")
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if !hclsyntax.ValidIdentifier(name) {
		return "host-" + name
	}
	return name
}

// describe opens a host and reads it.
func (a *app) describe(ctx context.Context, subject adopt.Subject) (*adopt.Description, error) {
	connector, err := a.connector()
	if err != nil {
		return nil, err
	}
	h, err := connector.Connect(ctx, &schema.Host{Name: subject.Name, Reach: subject.Reach})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", subject.Name, err)
	}
	desc, err := adopt.Describe(ctx, subject, h.Read)
	if err = errors.Join(err, h.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", subject.Name, err)
	}
	return desc, nil
}

// writeDescription writes a config where it is wanted, and says what is not in it. A file
// that is there already is left alone.
func (a *app) writeDescription(subject adopt.Subject, desc *adopt.Description, out string) error {
	switch n := len(desc.Left); n {
	case 0:
	case 1:
		a.printer(a.err).Printf("%s: 1 object is not in the configuration. It is listed at its end.\n", subject.Name)
	default:
		a.printer(a.err).Printf("%s: %d objects are not in the configuration. They are listed at its end.\n", subject.Name, n)
	}
	if out == "" {
		_, err := a.out.Write(desc.Config)
		return err
	}
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is not overwritten", out)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(desc.Config)
	return errors.Join(err, file.Close())
}
