package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/spf13/cobra"
)

// imports are what is to become lvsctl's own.
type imports struct {
	patterns []pattern
	unwanted bool // also what the config does not want
}

// A pattern names objects on a host.
type pattern struct {
	host, words string // of the key, each * for anything
}

// String writes a pattern as it is given.
func (p pattern) String() string { return p.host + ":" + p.words }

// addressForm is a host, and a colon or slash, before the kind of an object or a *.
var addressForm = regexp.MustCompile(`^([A-Za-z][\w-]*)[:/]\s*(\*|[a-z*-]+(?:\s.*)?)$`)

// parsePattern reads the address of an object, as lvsctl prints it or as it is typed. False
// is for what must be a path.
func parsePattern(text string) (pattern, bool) {
	m := addressForm.FindStringSubmatch(text)
	if m == nil || m[2] != "*" && !strings.Contains(m[2], " ") {
		return pattern{}, false
	}
	return pattern{m[1], normal(m[2])}, true
}

// normal is how the words of an object are compared.
func normal(words string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(words, "->", " → ")), " ")
}

// many tells whether the pattern may name several objects. Of what the config wants only that
// is meant then which is as it wants it: what is not had better be looked at first.
func (p pattern) many() bool { return strings.Contains(p.words, "*") }

// fits tells whether the pattern names an object. It may have the object's state, as plans
// print it, behind the key.
func (p pattern) fits(o planner.Importable) bool {
	if p.host != o.Host {
		return false
	}
	parts := strings.Split(p.words, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	exact := regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
	key := o.Live.Key()
	return exact.MatchString(key.String()) || exact.MatchString(key.Kind.String()+" "+o.Live.String())
}

func (a *app) importing() *cobra.Command {
	var flags applyFlags
	var unwanted bool
	c := &cobra.Command{
		Use:   "import ADDRESS... [PATH]...",
		Short: "Make objects that are there lvsctl's own",
		Long: "Takes objects that somebody else made into the ledgers as if lvsctl had made them. What\n" +
			"an apply finds and takes over stays on the host when the config does not want it any\n" +
			"more; what is imported is deleted then. Nothing changes on the hosts, and \"lvsctl\n" +
			"rollback\" undoes it.\n\n" +
			"ADDRESS is the host, a colon, and the object as plan, show and drift --foreign print it,\n" +
			"such as lb1:'service tcp 192.0.2.1:80'. A -> does for an arrow. A * stands for anything;\n" +
			"of what the config wants, such an address means what is as it wants it.\n\n" +
			"What the config does not want is refused, since the next apply would delete it.\n" +
			"--unwanted is for exactly that: to clean up what others have left.\n\n" +
			"Exit codes: as for apply.",
		Example: "  lvsctl import lb1:'service tcp 192.0.2.1:80' examples/dr\n" +
			"  lvsctl import 'lb1:*' 'web1:*'\n" +
			"  lvsctl import --unwanted 'lb1:destination tcp 192.0.2.1:80 -> 192.0.2.7:80'",
		ValidArgsFunction: a.completeAddress,
		RunE: func(c *cobra.Command, args []string) error {
			if a.json && !flags.approve {
				return errors.New("--json cannot ask for approval: add --auto-approve")
			}
			patterns, paths := splitAddresses(args)
			if len(patterns) == 0 {
				return errors.New("what is to be imported? An address is a host, a colon, and the object as lvsctl prints it, such as lb1:'service tcp 192.0.2.1:80'")
			}
			ctx, stop := a.interruptible(c.Context())
			defer stop()
			a.events = true
			s, err := a.load(paths)
			if err != nil {
				return err
			}
			s.imports = &imports{patterns, unwanted}
			flags.noProbes, flags.onFailure = true, failureRollback
			return s.runImport(ctx, flags)
		},
	}
	a.configFlags(c)
	c.Flags().BoolVar(&flags.approve, "auto-approve", false, "do not ask before acting")
	c.Flags().DurationVar(&flags.lockTimeout, "lock-timeout", 0, "how long to wait for another lvsctl to finish")
	c.Flags().BoolVar(&unwanted, "unwanted", false, "also what the config does not want, so that the next apply deletes it")
	return c
}

// splitAddresses tells addresses from paths.
func splitAddresses(args []string) (patterns []pattern, paths []string) {
	for _, arg := range args {
		if p, is := parsePattern(arg); is {
			patterns = append(patterns, p)
		} else {
			paths = append(paths, arg)
		}
	}
	return patterns, paths
}

// runImport imports on the hosts that addresses name, and goes to no other.
func (s *session) runImport(ctx context.Context, flags applyFlags) error {
	for _, p := range s.imports.patterns {
		if !slices.Contains(s.desired.Hosts, p.host) {
			return fmt.Errorf("%s: the config has no host %s; it has %s", p, p.host, strings.Join(s.desired.Hosts, ", "))
		}
		s.hosts = append(s.hosts, p.host)
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.close()
	question := "Do you want lvsctl to own this?"
	if s.imports.unwanted {
		question = "Do you want lvsctl to own this, and the next apply to delete what the config does not want?"
	}
	return s.converge(ctx, flags, question)
}

// planImports is the plan of the imports, if there is nothing against it.
func (s *session) planImports(snapshots map[string]*resource.Snapshot) (*planner.Plan, error) {
	if len(s.unfinished) > 0 {
		return nil, fmt.Errorf("the last apply on %s was not finished: go on with it first (lvsctl apply), or undo it (lvsctl rollback)", strings.Join(s.unfinished, ", "))
	}
	all := s.desired.Importables(snapshots)
	var chosen []planner.Importable
	var errs []error
	for _, p := range s.imports.patterns {
		named := slices.DeleteFunc(slices.Clone(all), func(o planner.Importable) bool { return !p.fits(o) })
		if len(named) == 0 {
			errs = append(errs, s.noSuch(p, all))
		}
		for _, o := range named {
			switch {
			case p.many() && !o.Same && (o.Wanted || !s.imports.unwanted):
			case !o.Wanted && !o.Own && !s.imports.unwanted:
				errs = append(errs, fmt.Errorf("%s: the config does not want it, and the next apply would delete it. Add it to the config first, or add --unwanted if it is to go", o.Address()))
			case !slices.Contains(chosen, o):
				chosen = append(chosen, o)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	plan := planner.Import(s.desired, snapshots, chosen)
	return plan, shared(plan)
}

// shared is the error for services that the next apply would not delete, although the config
// does not want them.
func shared(plan *planner.Plan) error {
	var errs []error
	for _, step := range plan.Steps {
		for _, c := range step.Changes {
			if c.Reason == resource.SharedWithOthers {
				service := c.Key().Words()
				errs = append(errs, fmt.Errorf("%s:%s: others have put destinations in it, and it would stay for them. Import these too: %s:'destination %s -> *'", step.Host, c.Key(), step.Host, service))
			}
		}
	}
	return errors.Join(errs...)
}

// noSuch is the error for a pattern that names nothing that can be imported.
func (s *session) noSuch(p pattern, all []planner.Importable) error {
	kind, _, _ := strings.Cut(p.words, " ")
	var known resource.Kind
	if err := known.UnmarshalText([]byte(kind)); err == nil && (known.Setting() || known == resource.KindModule) {
		return fmt.Errorf("%s: a %s is nobody's: it cannot be made or deleted, only set. An apply takes it over as it is, and puts it back when it is given up", p, kind)
	}
	var near []string
	for _, o := range nearest(p, all) {
		near = append(near, fmt.Sprintf("\n%s:'%s'", o.Host, o.Live.Key()))
	}
	if len(near) == 0 {
		return fmt.Errorf("%s: there is nothing on %s that could be imported: no object that the config wants, and no IPVS service or destination", p, p.host)
	}
	return fmt.Errorf("%s: there is no such object that could be imported. What comes nearest:%s", p, strings.Join(near, ""))
}

// maxNear is how many objects are named that come near to what was meant.
const maxNear = 5

// nearest are the objects of a pattern's host that begin and end most like it, best first.
func nearest(p pattern, all []planner.Importable) []planner.Importable {
	list := slices.DeleteFunc(slices.Clone(all), func(o planner.Importable) bool { return o.Host != p.host })
	alike := func(o planner.Importable) int {
		key := o.Live.Key().String()
		return commonPrefix(key, p.words) + commonPrefix(backwards(key), backwards(p.words))
	}
	slices.SortStableFunc(list, func(a, b planner.Importable) int { return alike(b) - alike(a) })
	return list[:min(len(list), maxNear)]
}

// commonPrefix is how many letters two words have in common at their beginning.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func backwards(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// completionTime is how long hosts may take to say what can be imported, before somebody
// who waits for a completion goes on typing.
const completionTime = 5 * time.Second

// completeAddress completes the names of hosts, and objects on them once a host is named.
func (a *app) completeAddress(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	quiet := *a
	quiet.err, quiet.out = io.Discard, io.Discard
	_, paths := splitAddresses(args)
	s, err := quiet.load(paths)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	host, _, named := strings.Cut(typed, ":")
	if !named {
		var list []string
		for _, name := range s.desired.Hosts {
			list = append(list, name+":")
		}
		return list, cobra.ShellCompDirectiveNoSpace
	}
	ctx, cancel := context.WithTimeout(c.Context(), completionTime)
	defer cancel()
	s.hosts = []string{host}
	if s.open(ctx) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.close()
	snapshots, err := s.read(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var list []string
	for _, o := range s.desired.Importables(snapshots) {
		if !o.Own {
			list = append(list, o.Address())
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}
