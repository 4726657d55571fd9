package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A namespace holds the names of one type of block within one scope, and where each
// was first declared.
type namespace struct {
	declared map[string]*hcl.Range
	outer    *namespace // names of the surrounding block that may not be used again
}

// first is where a name was declared before, if it was.
func (n *namespace) first(name string) (hcl.Range, bool) {
	for ; n != nil; n = n.outer {
		if at, ok := n.declared[name]; ok {
			return *at, true
		}
	}
	return hcl.Range{}, false
}

// declare enters the name of a block and tells whether it is a usable one of its own.
func (l *loader) declare(n *namespace, block *hcl.Block) bool {
	name, at := block.Labels[0], block.LabelRanges[0]
	if problem := checkName(block.Type, name); problem != "" {
		l.fail(at, "Invalid name", "%s", problem)
		return false
	}
	return l.enter(n, block)
}

// enter enters the name of a block whatever it looks like, and tells whether it is the
// only one.
func (l *loader) enter(n *namespace, block *hcl.Block) bool {
	name, at := block.Labels[0], block.LabelRanges[0]
	if first, ok := n.first(name); ok {
		l.fail(at, "Duplicate "+words(block.Type), "%s named %q is declared at %s already. Names are used in plans and on the command line, so each must stand for one thing: rename one of the two, or remove it.", one(block.Type), name, place(first))
		return false
	}
	n.set(name, &block.LabelRanges[0])
	return true
}

// set enters a name.
func (n *namespace) set(name string, at *hcl.Range) {
	if n.declared == nil {
		n.declared = map[string]*hcl.Range{}
	}
	n.declared[name] = at
}

// words is the type of a block as it reads in a sentence.
func words(blockType string) string {
	return strings.ReplaceAll(strings.ReplaceAll(blockType, "_", " "), "nfs", "NFS")
}

// one is the type of a block with its article, to begin a sentence.
func one(blockType string) string {
	name := words(blockType)
	if strings.HasSuffix(name, "s") {
		name += " block"
	}
	if strings.ContainsAny(name[:1], "aei") || strings.HasPrefix(name, "NFS") {
		return "An " + name
	}
	return "A " + name
}

// checkName says what is wrong with the name of a block, if anything. Hosts and
// variables are referred to, so theirs must be identifiers.
func checkName(blockType, name string) string {
	if blockType == "host" || blockType == "variable" {
		if hclsyntax.ValidIdentifier(name) {
			return ""
		}
		root := map[string]string{"host": "host", "variable": "var"}[blockType]
		return fmt.Sprintf("The %s is called %q, but it is referred to as %s.NAME, so its name must begin with a letter and have only letters, digits, dashes and underscores.", blockType, name, root)
	}
	if name != "" && strings.IndexFunc(name, notInName) < 0 && !strings.HasPrefix(name, "-") {
		return ""
	}
	return fmt.Sprintf("The %s is called %q, but a name must have only letters, digits, dashes, underscores and dots, at least one of them, and not begin with a dash.", words(blockType), name)
}

// notInName tells characters that names cannot have.
func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
}

// maxListed is how many names a diagnostic lists.
const maxListed = 8

// list writes names for a sentence: "a, b and c".
func list(names []string) string {
	switch n := len(names); {
	case n == 0:
		return "none"
	case n == 1:
		return names[0]
	case n > maxListed+1: // one more takes no more room than saying so
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), n-maxListed)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// listWords writes all the words that a value can be.
func listWords(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

// sortedKeys lists the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// didYouMean completes a detail with a question if a name is close to the given one,
// and with nothing otherwise.
func didYouMean(given string, names []string, format string) string {
	if near := nearest(given, names); near != "" {
		return fmt.Sprintf(" Did you mean "+format+"?", near)
	}
	return ""
}

// nearest is the name that given was most likely meant to be, or nothing. A third of
// the letters may be wrong.
func nearest(given string, names []string) string {
	best, bestDistance := "", max(1, len(given)/3)+1
	for _, name := range names {
		if d := len(name) - len(given); max(d, -d) >= bestDistance {
			continue
		}
		if d := distance(given, name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, change or swap with their neighbour
// to get from a to b.
func distance(a, b string) int {
	var before []int // the row before the last one
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+boolInt(a[i] != b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
