package schema

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

const (
	benchServices = 2277
	benchServers  = 37205
)

// BenchmarkObjects is what it takes to load a config of many real servers, 16 to a service.
func BenchmarkObjects(b *testing.B) {
	for name, write := range map[string]func(b *bytes.Buffer, first, last int){"load a pool": poolForm, "load blocks": blockForm} {
		resourcetest.Objects(b, name, func(b *testing.B, n int) func() {
			files := map[string][]byte{"fleet.hcl": fleet(n/16, n, write)}
			return func() {
				if _, _, diags := Parse(files, nil); len(diags) > 0 {
					b.Fatal(diags)
				}
			}
		})
	}
}

// fleet writes a config of many services, each in a cluster of its own, whose real
// servers write puts down.
func fleet(services, servers int, write func(b *bytes.Buffer, first, last int)) []byte {
	var b bytes.Buffer
	b.WriteString("host \"lb1\" {\n  address = \"192.0.2.1\"\n  interface = \"eth0\"\n  netns = \"lb1\"\n}\n\n")
	for i := range services {
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = \"dr\"\n  vip = \"10.%d.%d.%d\"\n  algorithm = \"wrr\"\n  directors = [host.lb1]\n\n", i, 128+i>>16, i>>8&255, i&255)
		b.WriteString("  service \"http\" {\n    port = 80\n\n")
		write(&b, i*servers/services, (i+1)*servers/services)
		b.WriteString("  }\n}\n\n")
	}
	return b.Bytes()
}

func poolForm(b *bytes.Buffer, first, last int) {
	b.WriteString("    pool \"all\" {\n      servers = [\n")
	for i := first; i < last; i++ {
		fmt.Fprintf(b, "        \"10.%d.%d.%d weight 10\",\n", i>>16, i>>8&255, i&255)
	}
	b.WriteString("      ]\n    }\n")
}

func blockForm(b *bytes.Buffer, first, last int) {
	for i := first; i < last; i++ {
		fmt.Fprintf(b, "    real_server \"r%d\" {\n      address = \"10.%d.%d.%d\"\n      weight = 10\n    }\n\n", i, i>>16, i>>8&255, i&255)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, form := range []struct {
		name  string
		write func(b *bytes.Buffer, first, last int)
	}{{"pool", poolForm}, {"real_server", blockForm}} {
		b.Run(form.name, func(b *testing.B) {
			text := fleet(benchServices, benchServers, form.write)
			files := map[string][]byte{"fleet.hcl": text}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				config, _, diags := Parse(files, nil)
				if len(diags) > 0 || len(config.Clusters) != benchServices {
					b.Fatal(diags)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchServers, "ns/server")
		})
	}
}

// repeated is a config whose hosts, clusters and real servers are instances, as many of
// each.
func repeated(instances int) []byte {
	var all strings.Builder
	for i := range instances {
		fmt.Fprintf(&all, "    n%d = \"10.0.%d.%d\"\n", i, i>>8, i&255)
	}
	return fmt.Appendf(nil, `
locals {
  all = {
%s  }
}

host "web" {
  for_each  = local.all
  address   = each.value
  interface = "eth0"
  netns     = each.key
}

cluster "site" {
  for_each  = local.all
  mode      = "nat"
  vip       = replace(each.value, "/^10/", "11")
  algorithm = "rr"
  directors = [host.web[each.key]]

  service "http" {
    port = 80

    pool "cache" {
      for_each = ["a"]
      servers  = ["12.0.0.1"]
    }
  }
}

cluster "all" {
  mode      = "nat"
  vip       = "10.200.0.0"
  algorithm = "rr"
  directors = [host.web.n0]

  service "http" {
    port = 80

    real_server "web" {
      for_each = local.all
      host     = host.web[each.key]
      port     = 8080
    }
  }
}
`, all.String())
}

// BenchmarkForEach shows that an instance costs the same among many.
func BenchmarkForEach(b *testing.B) {
	for _, instances := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(instances), func(b *testing.B) {
			files := map[string][]byte{"fleet.hcl": repeated(instances)}
			b.ReportAllocs()
			for b.Loop() {
				config, _, diags := Parse(files, nil)
				if len(diags) > 0 || len(config.Hosts) != instances || len(config.Clusters) != instances+1 {
					b.Fatal(diags)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(3*instances), "ns/instance")
		})
	}
}

// BenchmarkForEachMistake shows that a mistake which all instances have is not looked into
// for each of them.
func BenchmarkForEachMistake(b *testing.B) {
	const instances = 10_000
	for _, mistake := range []struct{ name, right, wrong string }{
		{"key", "host.web[each.key]\n      port", "host.web[\"nope\"]\n      port"},
		{"name", "host.web[each.key]\n      port", "\"nope\"\n      port"},
		{"all", "[host.web[each.key]]", "[host.web]"},
	} {
		b.Run(mistake.name, func(b *testing.B) {
			right := repeated(instances)
			wrong := bytes.Replace(right, []byte(mistake.right), []byte(mistake.wrong), 1)
			if bytes.Equal(right, wrong) {
				b.Fatal("no mistake")
			}
			for b.Loop() {
				if _, _, diags := Parse(map[string][]byte{"fleet.hcl": wrong}, nil); !diags.HasErrors() {
					b.Fatal("no error")
				}
			}
		})
	}
}
