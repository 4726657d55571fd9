package schema

import (
	"bytes"
	"fmt"
	"testing"
)

const (
	benchServices = 2277
	benchServers  = 37205
)

// fleet writes a config of many services, each in a cluster of its own, whose real
// servers write puts down.
func fleet(write func(b *bytes.Buffer, first, last int)) []byte {
	var b bytes.Buffer
	b.WriteString("host \"lb1\" {\n  address = \"192.0.2.1\"\n  interface = \"eth0\"\n  netns = \"lb1\"\n}\n\n")
	for i := range benchServices {
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = \"dr\"\n  vip = \"10.%d.%d.%d\"\n  algorithm = \"wrr\"\n  directors = [host.lb1]\n\n", i, 128+i>>16, i>>8&255, i&255)
		b.WriteString("  service \"http\" {\n    port = 80\n\n")
		write(&b, i*benchServers/benchServices, (i+1)*benchServers/benchServices)
		b.WriteString("  }\n}\n\n")
	}
	return b.Bytes()
}

func poolForm(b *bytes.Buffer, first, last int) {
	b.WriteString("    pool \"all\" {\n      servers = [\n")
	for i := first; i < last; i++ {
		fmt.Fprintf(b, "        \"10.0.%d.%d weight 10\",\n", i>>8, i&255)
	}
	b.WriteString("      ]\n    }\n")
}

func blockForm(b *bytes.Buffer, first, last int) {
	for i := first; i < last; i++ {
		fmt.Fprintf(b, "    real_server \"r%d\" {\n      address = \"10.0.%d.%d\"\n      weight = 10\n    }\n\n", i, i>>8, i&255)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, form := range []struct {
		name  string
		write func(b *bytes.Buffer, first, last int)
	}{{"pool", poolForm}, {"real_server", blockForm}} {
		b.Run(form.name, func(b *testing.B) {
			text := fleet(form.write)
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
