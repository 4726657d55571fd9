package bench

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestGo writes the results of Go benchmarks into a page. BENCH is the page, and BENCH_GO the
// file that has what go test printed.
func TestGo(t *testing.T) {
	page, from := os.Getenv("BENCH"), os.Getenv("BENCH_GO")
	if page == "" || from == "" {
		t.Skip("NOT WRITTEN: there is nothing to write, see make bench")
	}
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := goTables(f)
	if err == nil {
		err = rewrite(page, "go", text)
	}
	if err != nil {
		t.Error(err)
	}
}

// growth is how one thing grows with the number of what it is done to.
type growth struct {
	what    string
	results []map[string]float64 // by unit, for each number
}

// result finds a line such as "BenchmarkObjects/diff/1000-2   1   86 B/object   202 ns/object".
var result = regexp.MustCompile(`^Benchmark(Objects|Fleet)/(.+)/(\d+)(?:-\d+)?\s+\d+\s+(.*)$`)

// goTables makes tables of what go test printed of BenchmarkObjects and BenchmarkFleet.
func goTables(r io.Reader) (string, error) {
	found := map[string][]growth{}
	sizes := map[string][]string{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		m := result.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		of, what := m[1], strings.ReplaceAll(m[2], "_", " ")
		list := found[of]
		if len(list) == 0 || list[len(list)-1].what != what {
			list = append(list, growth{what: what})
		}
		last := &list[len(list)-1]
		last.results = append(last.results, units(m[4]))
		found[of] = list
		if len(list) == 1 {
			sizes[of] = append(sizes[of], m[3])
		}
	}
	if len(found["Objects"]) == 0 || len(found["Fleet"]) == 0 {
		return "", fmt.Errorf("go test printed no results of BenchmarkObjects and BenchmarkFleet")
	}
	return goTable("for each object", "object", sizes["Objects"], found["Objects"]) + "\n" +
		goTable("for each host", "host", sizes["Fleet"], found["Fleet"]), nil
}

// units reads "86 B/object   202 ns/object".
func units(text string) map[string]float64 {
	words := strings.Fields(text)
	by := map[string]float64{}
	for i := 1; i < len(words); i += 2 {
		by[words[i]], _ = strconv.ParseFloat(words[i-1], 64)
	}
	return by
}

// goTable is a table of times and bytes per unit, a column for each size, and of what the time
// per unit is for the largest size, as a multiple of that for the smallest.
func goTable(head, unit string, sizes []string, rows []growth) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", head)
	for _, size := range sizes {
		fmt.Fprintf(&b, " of %s |", size)
	}
	b.WriteString(" growth |\n|---|" + strings.Repeat("--:|", len(sizes)+1) + "\n")
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |", row.what)
		for _, r := range row.results {
			fmt.Fprintf(&b, " %s, %s |", short(r["ns/"+unit], "ns", "µs", "ms"), short(cmp.Or(r["live-B/"+unit], r["B/"+unit]), "B", "kB", "MB"))
		}
		smallest, largest := row.results[0]["ns/"+unit], row.results[len(row.results)-1]["ns/"+unit]
		fmt.Fprintf(&b, " %.2f |\n", largest/smallest)
	}
	return b.String()
}

// short writes a number with about three digits, in the first of units, each a thousand times
// the one before, that makes it small.
func short(n float64, units ...string) string {
	for n >= 1000 && len(units) > 1 {
		n, units = n/1000, units[1:]
	}
	if n >= 10 || n == 0 {
		return fmt.Sprintf("%.0f %s", n, units[0])
	}
	return fmt.Sprintf("%.1f %s", n, units[0])
}

func TestGoTables(t *testing.T) {
	got, err := goTables(strings.NewReader(`goos: linux
BenchmarkObjects/diff,_all_to_do/1000-2      1     0 ns/op   857.8 B/object     968.7 ns/object
BenchmarkObjects/diff,_all_to_do/10000-2     1     821.8 B/object    1776 ns/object
BenchmarkFleet/hosts/10      1    60944042 ns/op    3670664 B/host   390970 live-B/host   6094404 ns/host
ok  	github.com/lvsctl/lvsctl/planner	372.813s
`))
	want := `| for each object | of 1000 | of 10000 | growth |
|---|--:|--:|--:|
| diff, all to do | 969 ns, 858 B | 1.8 µs, 822 B | 1.83 |

| for each host | of 10 | growth |
|---|--:|--:|
| hosts | 6.1 ms, 391 kB | 1.00 |
`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
}
