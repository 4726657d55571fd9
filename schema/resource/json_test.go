package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whatever travels as JSON arrives as it was sent, and is written the same way again.
func TestJSONRoundTrip(t *testing.T) {
	for kind := Kind(1); int(kind) < len(kinds); kind++ {
		t.Run(kind.String(), func(t *testing.T) {
			roundTrip(t, func(rng *rand.Rand) Boxed { return Boxed{randomResource(rng, kind)} })
		})
	}
	t.Run("no resource", func(t *testing.T) { roundTrip(t, func(*rand.Rand) Boxed { return Boxed{} }) })
	t.Run("key", func(t *testing.T) { roundTrip(t, func(rng *rand.Rand) Key { return randomAny(rng).Key() }) })
	t.Run("set", func(t *testing.T) { roundTrip(t, func(rng *rand.Rand) Set { return randomSet(rng, 20) }) })
	t.Run("change", func(t *testing.T) { roundTrip(t, randomChange) })
	t.Run("step", func(t *testing.T) { roundTrip(t, randomStep) })
	t.Run("claim", func(t *testing.T) { roundTrip(t, randomClaim) })
	t.Run("ledger", func(t *testing.T) { roundTrip(t, randomLedger) })
	t.Run("snapshot", func(t *testing.T) { roundTrip(t, randomSnapshot) })
	t.Run("outcome", func(t *testing.T) { roundTrip(t, randomOutcome) })
}

func roundTrip[T any](t *testing.T, random func(*rand.Rand) T) {
	t.Helper()
	for seed := range uint64(80) {
		sent := random(rand.New(rand.NewPCG(seed, 1)))
		text, err := json.Marshal(sent)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var received T
		if err := json.Unmarshal(text, &received); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if diff := cmp.Diff(sent, received, alike); diff != "" {
			t.Fatalf("seed %d: through JSON (-sent +received):\n%s\n%s", seed, diff, text)
		}
		if again, err := json.Marshal(received); err != nil || !bytes.Equal(text, again) {
			t.Fatalf("seed %d: %v, written first\n%s\nand then\n%s", seed, err, text, again)
		}
	}
}

// The form is read by agents of other versions, by ledgers and by people.
func TestJSONForm(t *testing.T) {
	tests := []struct {
		value any
		want  string
	}{
		{Boxed{}, `null`},
		{Boxed{Module{"ip_vs"}}, `{"kind":"module","state":{"name":"ip_vs"}}`},
		{Boxed{Sysctl{"net.ipv4.ip_forward", "1"}}, `{"kind":"sysctl","state":{"name":"net.ipv4.ip_forward","value":"1"}}`},
		{Boxed{Address{Link: "lo", Prefix: prefix("192.0.2.1/32")}}, `{"kind":"address","state":{"link":"lo","prefix":"192.0.2.1/32"}}`},
		{Boxed{Route{Table: 254, Prefix: prefix("0.0.0.0/0"), Gateway: addr("192.0.2.1"), Protocol: 4}},
			`{"kind":"route","state":{"table":254,"prefix":"0.0.0.0/0","gateway":"192.0.2.1","scope":0,"protocol":4}}`},
		{Boxed{Service{ServiceKey: MarkService(IPv6, 7), Scheduler: "rr", Netmask: 128}},
			`{"kind":"service","state":{"fwmark":7,"family":"ipv6","scheduler":"rr","netmask":128}}`},
		{Boxed{Destination{Service: AddrService(TCP, addr("192.0.2.1"), 80), Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardDirect, Weight: 1}},
			`{"kind":"destination","state":{"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"address":"10.0.0.1","port":80,"forward":"dr","weight":1}}`},
		{Change{Action: Create, After: Module{"ip_vs"}, Reason: NewInConfig, Source: Source{"c.hcl", 3}},
			`{"action":"create","before":null,"after":{"kind":"module","state":{"name":"ip_vs"}},"reason":"new in config","source":{"file":"c.hcl","line":3}}`},
		{Change{Action: Delete, Before: Module{"m"}, Cuts: Connections{Active: 2}, Drain: Drain{Within: time.Second, Inactive: true}},
			`{"action":"delete","before":{"kind":"module","state":{"name":"m"}},"after":null,"cuts":{"active":2,"inactive":0,"persistent":0},"drain":{"within":1000000000,"inactive":true}}`},
		{Counts{Module{"m"}.Key(): {Active: 2}},
			`[{"key":{"name":"m","kind":"module"},"active":2,"inactive":0,"persistent":0}]`},
		{Claim{Want: Sysctl{"a", "1"}, Prior: Sysctl{"a", "0"}, Step: "s"},
			`{"want":{"kind":"sysctl","state":{"name":"a","value":"1"}},"prior":{"kind":"sysctl","state":{"name":"a","value":"0"}},"step":"s"}`},
		{Outcome{Attempted: 2, Failures: []Failure{{Index: 1, Err: fmt.Errorf("busy"), Unknown: true}}},
			`{"attempted":2,"failures":[{"index":1,"error":"busy","unknown":true}]}`},
		{NewSet(Sysctl{"b", ""}, Module{"m"}, Sysctl{"a", ""}),
			`[{"kind":"module","state":{"name":"m"}},{"kind":"sysctl","state":{"name":"a","value":""}},{"kind":"sysctl","state":{"name":"b","value":""}}]`},
	}
	web := AddrService(TCP, addr("192.0.2.1"), 80)
	one, gue := Destination{Service: web, Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardDirect, Weight: 1}, Destination{Service: web, Addr: addr("10.0.0.9"), Forward: ForwardTunnel, TunnelType: TunnelGUE, TunnelPort: 6080}
	two := Destination{Service: web, Addr: addr("2001:db8::2"), Port: 8080, UpperThreshold: 9, LowerThreshold: 3}
	tests = append(tests, struct {
		value any
		want  string
	}{
		Snapshot{Live: NewSet(one, gue, two), Ledger: Ledger{Claims: NewClaims(Claim{Want: one, Step: "s"}, Claim{Want: two, Prior: two, Step: "s"})}},
		`{"facts":{"version":"","kernel":"","boot_id":""},"live":[{"kind":"destination","state":{"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"address":"10.0.0.9","port":0,"forward":"tunnel","weight":0,"tunnel_type":1,"tunnel_port":6080}}],` +
			`"ledger":{"boot_id":"","claims":[{"want":{"kind":"destination","state":{"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"address":"2001:db8::2","port":8080,"forward":"masq","weight":0,"upper_threshold":9,"lower_threshold":3}},"prior":{"kind":"destination","state":{"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"address":"2001:db8::2","port":8080,"forward":"masq","weight":0,"upper_threshold":9,"lower_threshold":3}},"step":"s"}],"steps":null,` +
			`"destinations":[{"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"step":"s","servers":"10.0.0.1:80 dr 1"}]},` +
			`"destinations":[{"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"servers":"10.0.0.1:80 dr 1,[2001:db8::2]:8080 masq 0 9 3"}]}`,
	})
	for _, test := range tests {
		got, err := json.Marshal(test.value)
		if err != nil {
			t.Errorf("%v: %v", test.value, err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.value, diff)
		}
	}
}

// What cannot be understood is refused, not guessed at.
func TestJSONRejects(t *testing.T) {
	const sysctl = `{"kind":"sysctl","state":{"name":"a","value":"1"}}`
	tests := []struct {
		name string
		into any
		text string
		want string
	}{
		{"unknown kind", new(Boxed), `{"kind":"volcano","state":{}}`, `unknown kind of resource "volcano"`},
		{"the unnamed kind", new(Boxed), `{"kind":"","state":{}}`, `unknown kind of resource ""`},
		{"no kind", new(Boxed), `{"state":{"name":"a"}}`, "resource without a kind"},
		{"no state", new(Boxed), `{"kind":"sysctl"}`, "unexpected end of JSON input"},
		{"state of another form", new(Boxed), `{"kind":"sysctl","state":5}`, "cannot unmarshal number"},
		{"no resource at all", new(Boxed), `7`, "cannot unmarshal number"},
		{"address without a length", new(Boxed), `{"kind":"address","state":{"link":"lo","prefix":"192.0.2.1"}}`, "no '/'"},
		{"port too large", new(Boxed), `{"kind":"destination","state":{"port":65536}}`, "cannot unmarshal number 65536"},
		{"unknown protocol", new(ServiceKey), `{"protocol":"icmp","family":"ipv4"}`, `unknown protocol "icmp"`},
		{"unknown family", new(ServiceKey), `{"family":"ipx"}`, `unknown address family "ipx"`},
		{"unknown forwarding", new(Boxed), `{"kind":"destination","state":{"forward":"teleport"}}`, `unknown forwarding method "teleport"`},
		{"unknown action", new(Change), `{"action":"explode","after":` + sysctl + `}`, `unknown action "explode"`},
		{"the unnamed action", new(Change), `{"action":"","after":` + sysctl + `}`, `unknown action ""`},
		{"change without action", new(Change), `{"after":` + sysctl + `}`, "change without an action"},
		{"change of one into another", new(Change), `{"action":"update","before":{"kind":"module","state":{"name":"m"}},"after":` + sysctl + `}`, "change of one object into another"},
		{"change without object", new(Change), `{"action":"create"}`, "change without an object"},
		{"change of null", new(Change), `{"action":"create","before":null,"after":null}`, "change without an object"},
		{"change within a step", new(Step), `{"host":"h","name":"s","changes":[{"action":"delete"}]}`, "change without an object"},
		{"claim without object", new(Claim), `{"want":null,"prior":` + sysctl + `}`, "claim without an object"},
		{"claim within a ledger", new(Ledger), `{"claims":[{}]}`, "claim without an object"},
		{"set with a hole", new(Set), `[` + sysctl + `,null]`, "set with a missing resource"},
		{"snapshot with a bad set", new(Snapshot), `{"live":[{"kind":"volcano"}]}`, `unknown kind of resource "volcano"`},
		{"key of no kind", new(Key), `{"kind":"kind(0)"}`, `unknown kind of resource "kind(0)"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := json.Unmarshal([]byte(test.text), test.into)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want …%s…", err, test.want)
			}
		})
	}
	if _, err := json.Marshal(ServiceKey{Family: 7}); err == nil {
		t.Error("an address family that does not exist can be written")
	}
}

// What is no short form is refused, and so are destinations of a service that says no family.
func TestShortRefused(t *testing.T) {
	const service = `{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"}`
	for _, servers := range []string{"", "10.0.0.1", "10.0.0.1:80", "10.0.0.1:80 dr", "10.0.0.1:80 fly 1", "10.0.0.1:80 dr x", "10.0.0.1:80 dr 1 2", "10.0.0.1:80 dr 1,", "x:80 dr 1"} {
		var s Snapshot
		if err := json.Unmarshal(fmt.Appendf(nil, `{"destinations":[{"service":%s,"servers":%q}]}`, service, servers), &s); err == nil {
			t.Errorf("%q is read as %v", servers, s.Live.Sorted())
		}
	}
	var s Snapshot
	if err := json.Unmarshal([]byte(`{"destinations":[{"service":{"fwmark":1},"servers":"10.0.0.1:80 dr 1"}]}`), &s); err == nil {
		t.Error("a service without a family is read")
	}
}
