package planner

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/lvsctl/lvsctl/"

// arrows are the ways that data must not go. Each rule bans imports, direct or not,
// of one part of the house by another.
var arrows = []struct {
	from   string // a package and all below it
	banned string
	why    string
}{
	{"schema/resource", module, "the vocabulary imports nothing of ours, so that every room can speak it"},
	{"schema", module + "planner", "the language does not know what modes need"},
	{"schema", module + "provider", "the language knows no machine"},
	{"schema", module + "state", "the language knows no machine"},
	{"planner", module + "provider", "a plan is data, made without touching a machine"},
	{"planner", module + "state", "the planner sees ledgers as data in snapshots"},
	{"planner", "github.com/vishvananda/netlink", "a plan is data, made without touching a machine"},
	{"planner", "github.com/mdlayher", "a plan is data, made without touching a machine"},
	{"provider", module + "planner", "a host carries out what it is told, it does not plan"},
	{"provider", module + "schema", "a host knows resources, not config files"},
	{"provider", module + "state", "reading and changing the machine is one thing, remembering another"},
	{"provider", "github.com/hashicorp/hcl", "a host knows resources, not config files"},
	{"state", module + "planner", "the ledger remembers, it does not plan"},
	{"state", module + "provider", "the ledger remembers, it does not touch the machine"},
	{"state", module + "schema", "the ledger knows resources, not config files"},
	{"cmd/lvsctl/internal/view", module + "provider", "what is printed was decided elsewhere"},
	{"cmd/lvsctl/internal/view", module + "state", "what is printed was decided elsewhere"},
	{"cmd/lvsctl", module + "cmd/lvslab", "the lab is for tests"},
	{"schema", module + "cmd", "nothing calls back up"},
	{"planner", module + "cmd", "nothing calls back up"},
	{"provider", module + "cmd", "nothing calls back up"},
	{"state", module + "cmd", "nothing calls back up"},
}

func TestArrows(t *testing.T) {
	for _, pkg := range listPackages(t) {
		from, ours := strings.CutPrefix(pkg.ImportPath, module)
		if !ours {
			continue
		}
		for _, rule := range arrows {
			if !below(from, rule.from) {
				continue
			}
			for _, dep := range pkg.Deps {
				if below(dep, strings.TrimSuffix(rule.banned, "/")) && !allowed(rule.from, dep) {
					t.Errorf("%s must not depend on %s: %s", from, dep, rule.why)
				}
			}
		}
		if below(from, "planner") {
			for _, dep := range pkg.Imports {
				if dep == "os" || dep == "net" || strings.HasPrefix(dep, "os/") {
					t.Errorf("%s imports %q: planning is pure", from, dep)
				}
			}
		}
	}
}

// allowed are the packages that a ban of a part does not mean: the vocabulary is in
// schema's folder, and a part may depend on itself.
func allowed(from, dep string) bool {
	return dep == module+"schema/resource" || below(dep, module+from)
}

func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

type listedPackage struct {
	ImportPath    string
	Imports, Deps []string
}

// listPackages asks the go command for all packages of the module.
func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 8 {
		t.Fatalf("only %d packages listed", len(list))
	}
	return list
}
