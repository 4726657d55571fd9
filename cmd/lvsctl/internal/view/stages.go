package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A stage is the steps of one purpose, on all hosts that need it: people do not want to
// read the same for each real server.
type stage struct {
	purpose string // with everyServer in the place of the real server that a step is for
	hosts   []string
	servers []string
	objects []resource.Resource // of all its steps, each once
	after   []precedence

	known map[resource.Resource]bool // objects
}

// A precedence is a stage, from 0, that comes first, and why.
type precedence struct {
	stage int
	why   string
}

// everyServer stands for the names of real servers. No name has it.
const everyServer = "\x00"

// stages puts steps together that set up the same. A step that comes after one of its own
// stage or of a later one begins a new one, so that the stages can be carried out in their
// order.
func stages(steps []planner.DesiredStep) []*stage {
	var list []*stage
	latest := map[string]int{} // by what is set up
	stageOf := map[resource.StepRef]int{}
	for _, s := range steps {
		what, after := purposeOf(s)+"\n"+shape(s), precedences(s, stageOf)
		at, known := latest[what]
		if !known || slices.ContainsFunc(after, func(p precedence) bool { return p.stage >= at }) {
			at = len(list)
			latest[what] = at
			list = append(list, &stage{purpose: purposeOf(s), known: map[resource.Resource]bool{}})
		}
		stageOf[s.StepRef] = at
		list[at].add(s, after)
	}
	return list
}

// purposeOf is what a step is for, without its cluster and whatever the real server.
func purposeOf(s planner.DesiredStep) string {
	_, purpose, _ := strings.Cut(s.Name, ": ")
	if s.Server != "" {
		purpose = strings.ReplaceAll(purpose, s.Server, everyServer)
	}
	return purpose
}

// shape is what a step sets up, whatever the addresses of real servers.
func shape(s planner.DesiredStep) string {
	var words []string
	for _, o := range s.Objects {
		word := o.State.Key().String()
		switch kind := o.State.Key().Kind; kind {
		case resource.KindDestination, resource.KindRule:
			word = kind.String()
		}
		if n := len(words); n == 0 || words[n-1] != word {
			words = append(words, word)
		}
	}
	return strings.Join(words, "\n")
}

// precedences are the stages that a step comes after.
func precedences(s planner.DesiredStep, stageOf map[resource.StepRef]int) []precedence {
	var list []precedence
	for _, e := range s.After {
		list = append(list, precedence{stageOf[e.Step], e.Why})
	}
	return list
}

// add puts a step in the stage. Of reasons why it comes after another, which differ only
// in names, the first one stays.
func (st *stage) add(s planner.DesiredStep, after []precedence) {
	if !slices.Contains(st.hosts, s.Host) {
		st.hosts = append(st.hosts, s.Host)
	}
	if s.Server != "" && !slices.Contains(st.servers, s.Server) {
		st.servers = append(st.servers, s.Server)
	}
	for _, o := range s.Objects {
		if !st.known[o.State] {
			st.known[o.State] = true
			st.objects = append(st.objects, o.State)
		}
	}
	for _, p := range after {
		if !slices.ContainsFunc(st.after, func(q precedence) bool { return p.stage == q.stage }) {
			st.after = append(st.after, p)
		}
	}
	slices.SortFunc(st.after, func(p, q precedence) int { return p.stage - q.stage })
}

// title is what a stage is for, in words.
func (st *stage) title() string {
	return strings.ReplaceAll(st.purpose, everyServer, someOf(st.servers, maxNames))
}

// maxNames is how many names are listed at the most, and maxObjects how many objects of
// one kind.
const maxNames, maxObjects = 4, 6

// words writes the objects of a stage: modules in one, sysctls of several network
// interfaces in one, and of many of a kind only the first.
func (st *stage) words() []string {
	var list []string
	var kinds []resource.Kind
	byKind := map[resource.Kind][]resource.Resource{}
	for _, r := range st.objects {
		kind := r.Key().Kind
		if byKind[kind] == nil {
			kinds = append(kinds, kind)
		}
		byKind[kind] = append(byKind[kind], r)
	}
	for _, kind := range kinds {
		list = append(list, some(kindWords(kind, byKind[kind]))...)
	}
	return list
}

// some is a list, of many only the first and how many there are besides.
func some(list []string) []string {
	if len(list) <= maxObjects {
		return list
	}
	rest := len(list) - maxObjects + 1
	return append(list[:maxObjects-1:maxObjects-1], fmt.Sprintf("and %d more", rest))
}

// kindWords writes objects of one kind.
func kindWords(kind resource.Kind, objects []resource.Resource) []string {
	switch kind {
	case resource.KindModule:
		names := make([]string, len(objects))
		for i, r := range objects {
			names[i] = r.String()
		}
		if len(names) == 1 {
			return []string{"module " + names[0]}
		}
		return []string{"modules " + strings.Join(names, " ")}
	case resource.KindSysctl:
		return sysctlWords(objects)
	}
	list := make([]string, len(objects))
	for i, r := range objects {
		list[i] = kind.String() + " " + r.String()
	}
	return list
}

// sysctlWords writes sysctls, those that differ in the network interface alone as one,
// the way a shell would expand them.
func sysctlWords(objects []resource.Resource) []string {
	type setting struct{ tree, name, value string }
	var order []setting
	links := map[setting][]string{}
	for _, r := range objects {
		s, _ := r.(resource.Sysctl)
		tree, link, name := cutLink(s.Name)
		key := setting{tree, name, s.Value}
		if links[key] == nil {
			order = append(order, key)
		}
		links[key] = append(links[key], link)
	}
	list := make([]string, len(order))
	for i, s := range order {
		link := strings.Join(links[s], ",")
		if len(links[s]) > 1 {
			link = "{" + link + "}"
		}
		list[i] = s.tree + link + s.name + " = " + s.value
	}
	return list
}

// cutLink splits the name of a sysctl around the network interface that it is for. One
// that is for none is all tree.
func cutLink(name string) (tree, link, setting string) {
	for _, tree := range []string{"net.ipv4.conf.", "net.ipv6.conf."} {
		rest, below := strings.CutPrefix(name, tree)
		if dot := strings.LastIndexByte(rest, '.'); below && dot > 0 {
			return tree, rest[:dot], rest[dot:]
		}
	}
	return name, "", ""
}
