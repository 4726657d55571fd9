package roundtrip

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Any configuration can follow any other on a real kernel. Applied, it reads back as it
// was wanted, a second plan is empty, and ipvsadm, nft, ip and /proc say what the
// generator meant. When the last one is given up, everything is as before the first.
//
// Each seed makes fifteen configurations, one after the other on the same hosts.
// ROUNDTRIP_SEEDS is one seed or a range of them, as in 0-19.
func TestRoundTrip(t *testing.T) {
	seeds := seedsFrom(t, os.Getenv("ROUNDTRIP_SEEDS"))
	topo.New(t, topo.Prefix()) // skips the test where there can be no hosts
	loadModules(t)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // there is memory enough
	start := time.Now()
	total := &tally{coverage: coverage{}}
	var workers sync.WaitGroup
	for i := range atOnce {
		workers.Go(func() {
			t.Run(fmt.Sprintf("worker%d", i), func(t *testing.T) { work(t, seeds, total) })
		})
	}
	workers.Wait()
	t.Logf("counts:\n%s", strings.Join(total.lines(), "\n"))
	t.Logf("%d configurations, %d services, %d real servers, %d changes, %d pairs undone in %s",
		total.coverage["configurations"], total.coverage["services"], total.coverage["real servers"], total.coverage["changes"], total.coverage["pairs"], time.Since(start).Round(time.Second))
}

// work runs seeds until there are no more, all on the same hosts: when one is done, they
// are as before. If they are not, others take their place.
func work(t *testing.T, seeds <-chan uint64, total *tally) {
	at := newHosts(t)
	before := at.snapshots()
	for seed := range seeds {
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 2))
			(&run{T: t, seed: seed, gen: newGenerator(seed), chance: chance, hosts: at, before: before, total: total}).all()
		})
		if !ok {
			at = newHosts(t)
			before = at.snapshots()
		}
	}
}

// newHosts makes the hosts that configurations are for.
func newHosts(t *testing.T) hosts {
	n := topo.New(t, topo.Prefix())
	return hosts{
		"lb":  n.Host("lb", topo.NIC("eth0", "front", own4.String()+"/24", own6.String()+"/64"), topo.NIC("eth1", "back", "10.0.1.1/24")),
		"web": n.Host("web", topo.NIC("eth0", "front", web4.String()+"/24", web6.String()+"/64")),
	}
}

func (hs hosts) snapshots() map[string]string {
	all := map[string]string{}
	for name, h := range hs {
		all[name] = h.Snapshot()
	}
	return all
}

const (
	defaultSeeds = "0-19"
	perSeed      = 15
	// pairEvery is how many configurations come to one that is undone.
	pairEvery = 3
	// atOnce is how many seeds are worked on side by side. Changing an algorithm waits for
	// a moment, which others can use.
	atOnce = 4
)

// seedsFrom hands out the seeds of a range.
func seedsFrom(t *testing.T, text string) <-chan uint64 {
	if text == "" {
		text = defaultSeeds
	}
	from, to, several := strings.Cut(text, "-")
	if !several {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 32)
	last, err2 := strconv.ParseUint(to, 10, 32)
	if err1 != nil || err2 != nil || last < first {
		t.Fatalf("ROUNDTRIP_SEEDS is %q, and should be a number or a range such as %s", text, defaultSeeds)
	}
	seeds := make(chan uint64)
	go func() {
		for seed := first; seed <= last; seed++ {
			seeds <- seed
		}
		close(seeds)
	}()
	return seeds
}

// loadModules loads all modules that configurations need. What comes with some of them,
// such as tunl0, comes to every host that there is.
func loadModules(t *testing.T) {
	modules := []string{"-a", "ip_vs", "ip_vs_pe_sip", "ipip", "sit", "ip6_tunnel", "ip_gre", "ip6_gre", "fou", "fou6", "dummy", "8021q", "nf_tables"}
	for _, a := range algorithms {
		modules = append(modules, "ip_vs_"+a)
	}
	if out, err := exec.Command("modprobe", modules...).CombinedOutput(); err != nil {
		t.Fatalf("modprobe: %v %s", err, out)
	}
}

// A tally counts what all seeds had.
type tally struct {
	sync.Mutex
	coverage
}

func (ta *tally) add(m *model, plan *planner.Plan) {
	ta.Lock()
	defer ta.Unlock()
	if m != nil {
		ta.model(m)
	}
	for _, step := range plan.Steps {
		for _, c := range step.Changes {
			ta.count("changes", "")
			ta.count("change", c.Key().Kind.String()+" "+c.Action.String())
		}
	}
}

// pair counts a configuration that was undone.
func (ta *tally) pair(p *pair) {
	ta.Lock()
	defer ta.Unlock()
	ta.count("pairs", "")
	switch {
	case p.giveUp:
		ta.count("pair", "of a configuration and nothing")
	case p.a.clusters == nil:
		ta.count("pair", "of nothing and a configuration")
	default:
		ta.count("pair", "of two configurations")
	}
	ta.count("pair", p.fate)
}

// A run is the configurations of one seed, one after the other on the same hosts.
type run struct {
	*testing.T
	seed   uint64
	gen    *generator
	chance *rand.Rand // of what becomes of configurations
	hosts  hosts
	before map[string]string // snapshots
	now    *application      // the last one that was carried out
	total  *tally
}

func (r *run) all() {
	last := &model{own: own4}
	for i := range perSeed {
		from := r.gen.last
		m := r.gen.next()
		if i%pairEvery == pairEvery-1 || i == 0 && r.chance.IntN(4) == 0 {
			f := r.fate()
			r.check(i, m, last, r.undo(last, m, f))
			if f.judged {
				r.gen.last = from
				continue
			}
		}
		r.check(i, m, last, r.one(m, last))
		last = m
	}
	if f := r.fate(); !f.judged {
		r.check(perSeed, nil, last, r.undoDestroy(last, f))
	}
	r.check(perSeed, nil, last, r.destroy(last))
}

// one applies a configuration, after the last one if there was any.
func (r *run) one(m, last *model) []string {
	a, err := r.hosts.apply(r.Context(), m.hcl(), false)
	if err != nil {
		return []string{err.Error()}
	}
	r.now = a
	r.total.add(m, a.plan)
	c := &court{lb: r.hosts["lb"], now: m, before: last}
	return append(a.left(), c.judge()...)
}

// destroy gives up the last configuration, after which all is as it was.
func (r *run) destroy(last *model) []string {
	a, err := r.hosts.apply(r.Context(), last.hcl(), true)
	if err != nil {
		return []string{err.Error()}
	}
	r.total.add(nil, a.plan)
	findings := a.left()
	if out := r.hosts["lb"].Run("ipvsadm", "-Sn"); out != "" {
		findings = append(findings, "ipvsadm -Sn: "+out)
	}
	for name, h := range r.hosts {
		if name == "web" && !last.web {
			continue // nothing can have happened there
		}
		if diff := cmp.Diff(r.before[name], h.Snapshot()); diff != "" {
			findings = append(findings, fmt.Sprintf("everything on %s (-before +after):\n%s", name, diff))
		}
		if out, err := h.RunErr("ls", "-A", stateDir); err == nil {
			findings = append(findings, name+" still has "+stateDir+": "+out)
		}
	}
	return findings
}

// check ends the run if something was found, with all that it takes to find out why.
func (r *run) check(number int, m, last *model, findings []string) {
	r.Helper()
	if len(findings) == 0 {
		return
	}
	text := "destroy"
	if m != nil {
		text = m.hcl()
	}
	r.Fatalf("%s\n--- configuration %d of seed %d; ROUNDTRIP_SEEDS=%[3]d runs it again ---\n%s\n--- after ---\n%s",
		strings.Join(findings, "\n"), number, r.seed, text, last.hcl())
}

// left says what is not as wanted after a configuration was carried out, as lvsctl sees
// it.
func (a *application) left() (findings []string) {
	plan := planner.Make(a.desired, a.after)
	for _, step := range plan.Steps {
		for _, c := range step.Changes {
			findings = append(findings, fmt.Sprintf("the second plan has on %s: %s %s: %v → %v (%s)", step.Host, c.Action, c.Key(), c.Before, c.After, c.Reason))
		}
	}
	for _, h := range plan.Hosts {
		for _, d := range h.Drift {
			findings = append(findings, fmt.Sprintf("drift on %s: left %v, found %v", h.Name, d.Left, d.Found))
		}
		set := a.wanted(h.Name)
		wanted, read := maps.Collect(set.All()), maps.Collect(a.read(h.Name, set).All())
		if !maps.Equal(wanted, read) {
			findings = append(findings, fmt.Sprintf("read on %s (-want +got):\n%s", h.Name, cmp.Diff(wanted, read, same)))
		}
	}
	return findings
}

// wanted is all that a configuration wants on a host: what a plan for an empty one makes.
func (a *application) wanted(host string) resource.Set {
	set := resource.NewSet()
	for _, step := range planner.Make(a.desired, map[string]*resource.Snapshot{host: {}}).Steps {
		for _, c := range step.Changes {
			set.Add(c.After)
		}
	}
	return set
}

// read is what is there of what is wanted, and all of IPVS.
func (a *application) read(host string, wanted resource.Set) resource.Set {
	set := resource.NewSet()
	for key, r := range a.after[host].Live.All() {
		if wanted.Get(key) != nil || key.Kind == resource.KindService || key.Kind == resource.KindDestination {
			set.Add(r)
		}
	}
	return set
}

var same = cmp.Options{
	cmp.Comparer(func(a, b resource.Resource) bool { return a == b }),
	cmp.Comparer(func(a, b resource.Key) bool { return a == b }),
}
