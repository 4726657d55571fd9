package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A cluster that is not there is answered with those that are.
func TestCluster(t *testing.T) {
	c := &Config{Clusters: []*Cluster{{Name: "mail"}, {Name: "web"}}}
	got, err := c.Cluster("web")
	if err != nil || got != c.Clusters[1] {
		t.Errorf("got %v, %v", got, err)
	}
	tests := []struct {
		config *Config
		name   string
		want   string
	}{
		{c, "wbe", `the config has no cluster "wbe"; it has mail and web. Did you mean "web"?`},
		{c, "database", `the config has no cluster "database"; it has mail and web.`},
		{&Config{}, "web", `the config has no cluster "web"; it has none.`},
	}
	for _, test := range tests {
		if _, err := test.config.Cluster(test.name); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

// A real server knows the pool that it comes from.
func TestPoolOf(t *testing.T) {
	cfg, _, diags := Load([]string{"../testdata/valid/pool"}, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	pools := map[string]int{}
	for _, s := range cfg.Clusters[0].Services {
		for _, rs := range s.RealServers {
			pools[s.Name+" "+rs.Pool]++
		}
	}
	want := map[string]int{"http all": 3, "https all": 3, "https own": 2, "https computed": 3}
	if diff := cmp.Diff(want, pools); diff != "" {
		t.Errorf("real servers of pools (-want +got):\n%s", diff)
	}
}
