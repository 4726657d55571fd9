package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// walkSpecs calls do for every type of block, each once.
func walkSpecs(do func(*blockSpec)) {
	seen := map[*blockSpec]bool{}
	var walk func(*blockSpec)
	walk = func(b *blockSpec) {
		if seen[b] {
			return
		}
		seen[b] = true
		do(b)
		for _, nested := range b.Blocks {
			walk(nested)
		}
	}
	walk(fileSpec)
}

// The config that examples are taken from is valid, without as much as a warning.
func TestExampleConfig(t *testing.T) {
	_, sources, diags := Parse(map[string][]byte{"example.hcl": exampleConfig}, nil)
	if len(diags) > 0 {
		t.Errorf("diagnostics:\n%s", show(t, sources, diags))
	}
	if formatted, _ := Format(exampleConfig, "example.hcl"); string(formatted) != string(exampleConfig) {
		t.Error("example.hcl is not in the canonical layout: use lvsctl fmt")
	}
}

// Every type of block has an example, which can stand in a file of its own margin.
func TestExamples(t *testing.T) {
	seen := map[*Block]bool{}
	var walk func(*Block)
	walk = func(b *Block) {
		for _, nested := range b.Blocks {
			if seen[nested] {
				continue
			}
			seen[nested] = true
			checkExample(t, nested)
			walk(nested)
		}
	}
	walk(Language())
}

func checkExample(t *testing.T, b *Block) {
	if b.Example == "" {
		t.Errorf("there is no example of %s: add one to example.hcl, in a block that can have it", b.Type)
		return
	}
	file, diags := hclsyntax.ParseConfig([]byte(b.Example), b.Type, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%v in\n%s", diags, b.Example)
	}
	if blocks := file.Body.(*hclsyntax.Body).Blocks; len(blocks) != 1 || blocks[0].Type != b.Type || !strings.HasSuffix(b.Example, "\n}\n") {
		t.Errorf("the example of %s is\n%s", b.Type, b.Example)
	}
}

// The loader refuses a block that has no argument of a group of which it needs one.
func TestOneOf(t *testing.T) {
	walkSpecs(func(spec *blockSpec) {
		for _, group := range spec.OneOf {
			t.Run(spec.Type+" "+strings.Join(group, " "), func(t *testing.T) {
				file, diags := hclwrite.ParseConfig(exampleConfig, "example.hcl", hcl.InitialPos)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				if !removeArgs(fileSpec, file.Body(), spec, group) {
					t.Fatal("the example has no such argument")
				}
				if _, _, diags := Parse(map[string][]byte{"example.hcl": file.Bytes()}, nil); !diags.HasErrors() {
					t.Error("no error without all of them")
				}
			})
		}
	})
}

// removeArgs removes arguments of all blocks of a type, and tells whether there were any.
func removeArgs(in *blockSpec, body *hclwrite.Body, of *blockSpec, names []string) bool {
	removed := false
	for _, name := range names {
		removed = in == of && body.RemoveAttribute(name) != nil || removed
	}
	for _, block := range body.Blocks() {
		if in == of && slices.Contains(names, block.Type()) {
			removed = body.RemoveBlock(block) || removed
			continue
		}
		removed = removeArgs(in.nested(block.Type()), block.Body(), of, names) || removed
	}
	return removed
}

// TestLanguage looks at what becomes of some descriptions on their way out.
func TestLanguage(t *testing.T) {
	file := Language()
	find := func(b *Block, blockType string) *Block {
		i := slices.IndexFunc(b.Blocks, func(n *Block) bool { return n.Type == blockType })
		if i < 0 {
			t.Fatalf("no %s in %s", blockType, b.Type)
		}
		return b.Blocks[i]
	}
	cluster := find(file, "cluster")
	service := find(cluster, "service")
	if find(cluster, "real_server") != find(service, "real_server") {
		t.Error("real_server is described twice")
	}
	tests := []struct {
		block    *Block
		argument string
		want     Form
	}{
		{cluster, "mode", TextForm},
		{cluster, "vip", AddressesForm},
		{cluster, "vip_label", TextsForm},
		{cluster, "directors", HostsForm},
		{service, "port", NumberForm},
		{service, "one_packet", BoolForm},
		{service, "packets", ListForm},
		{find(cluster, "real_server"), "host", HostForm},
		{find(cluster, "real_server"), "address", AddressForm},
		{find(file, "variable"), "type", TypeForm},
		{find(file, "variable"), "default", AnyForm},
	}
	for _, test := range tests {
		i := slices.IndexFunc(test.block.Args, func(a Argument) bool { return a.Name == test.argument })
		if i < 0 {
			t.Errorf("no %s in %s", test.argument, test.block.Type)
		} else if got := test.block.Args[i].Form; got != test.want {
			t.Errorf("%s of %s has form %d, want %d", test.argument, test.block.Type, got, test.want)
		}
	}
}
