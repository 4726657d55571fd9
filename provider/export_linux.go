package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// exportDriver reads and changes what the NFS server exports, with exportfs. The files
// from which exportfs does the same again after a restart are not its business.
type exportDriver struct{}

// exportTable is where exportfs keeps what is exported, for mountd.
const exportTable = "/var/lib/nfs/etab"

// A tableExport is one line of that table.
type tableExport struct {
	path, client string
	options      string // all of them, as exportfs wrote them
}

// read finds exports. While the server does not run there are none, whatever the table
// still says: it stays when a machine loses its power.
func (exportDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	running, err := nfsServerRunning()
	if err != nil || !running {
		return err
	}
	table, err := readExportTable(exportTable)
	if err != nil {
		return err
	}
	for _, k := range keys {
		path, client, ok := splitExportName(k.Name)
		if !ok {
			return fmt.Errorf("read %s: not the name of an export", k)
		}
		if e, ok := findExport(table, path, client); ok {
			snap.Live.Add(resource.Export{Path: path, Client: client, Options: e.canonical()})
		}
	}
	return nil
}

// splitExportName takes the key of an export apart. A client has no blanks.
func splitExportName(name string) (path, client string, ok bool) {
	i := strings.LastIndexByte(name, ' ')
	if i <= 0 {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

// canonical are the options as resources have them. Of options that only later versions
// of exportfs know, all are there as they are.
func (e tableExport) canonical() string {
	options, err := resource.ExportOptions(strings.Split(e.options, ","))
	if err != nil {
		return e.options
	}
	return options
}

func readExportTable(file string) ([]tableExport, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read exports: %w", err)
	}
	var table []tableExport
	for line := range strings.Lines(string(text)) {
		e, err := parseExport(strings.TrimRight(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("read exports: %s: %w", file, err)
		}
		table = append(table, e)
	}
	return table, nil
}

// parseExport reads a line such as "/opt/a\040b<tab>*(ro,sync)".
func parseExport(line string) (tableExport, error) {
	path, rest, ok := strings.Cut(line, "\t")
	client, options, opened := strings.Cut(rest, "(")
	options, closed := strings.CutSuffix(options, ")")
	if !ok || !opened || !closed || client == "" || !strings.HasPrefix(path, "/") {
		return tableExport{}, fmt.Errorf("not an export: %q", line)
	}
	return tableExport{resource.UnescapeOctal(path), client, options}, nil
}

// findExport looks for an export of a path, or of what that leads to: exportfs writes
// down what symbolic links lead to.
func findExport(table []tableExport, path, client string) (tableExport, bool) {
	paths := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		paths = append(paths, real)
	}
	i := slices.IndexFunc(table, func(e tableExport) bool {
		return slices.Contains(paths, e.path) && strings.EqualFold(e.client, client)
	})
	if i < 0 {
		return tableExport{}, false
	}
	return table[i], true
}

func (exportDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		after, wanted := c.After.(resource.Export)
		before, had := c.Before.(resource.Export)
		switch {
		case wanted:
			return export(after)
		case had:
			return unexport(before)
		}
		return errUnsupported(c)
	})
}

// export has the server export a directory, with these options and no others. If that
// cannot be, it is as before.
//
// exportfs leaves what it could not export in its table, and says nothing of names of
// clients that it cannot resolve. So the table is looked at before and after.
func export(e resource.Export) error {
	if err := checkExport(e); err != nil {
		return err
	}
	before, err := readExportTable(exportTable)
	if err != nil {
		return err
	}
	said, err := runExport(e)
	if err == nil {
		err = exported(e, before, said)
	}
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("export %s to %s: %w", e.Path, e.Client, err), restoreExports(before))
}

// checkExport refuses what exportfs would take for something else.
func checkExport(e resource.Export) error {
	if !isClient(e.Client) {
		return fmt.Errorf("export %s: %q is not a client", e.Path, e.Client)
	}
	if !filepath.IsAbs(e.Path) {
		return fmt.Errorf("export %q: it takes an absolute path", e.Path)
	}
	if info, err := os.Stat(e.Path); err != nil {
		return fmt.Errorf("export: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("export %s: it is not a directory", e.Path)
	}
	return nil
}

// isClient tells what can be written before the path of an export.
func isClient(client string) bool {
	if client == "" || client[0] == '-' || strings.ContainsAny(client, " \t\n()\"#\\") {
		return false
	}
	if !strings.Contains(client, ":") {
		return true
	}
	_, network := netip.ParsePrefix(client)
	_, address := netip.ParseAddr(client)
	return network == nil || address == nil
}

// runExport tells exportfs to export. With -i the options are those given alone: without,
// they would be added to what a file says.
func runExport(e resource.Export) (string, error) {
	options := e.Options
	if options == "" {
		options = "ro"
	}
	return exportfsTool.run("-i", "-o", options, "--", exportArgument(e.Client, e.Path))
}

// exportArgument names an export as exportfs takes it: an IPv6 address in brackets, with
// its length behind them.
func exportArgument(client, path string) string {
	if addr, bits, net := strings.Cut(client, "/"); strings.Contains(addr, ":") {
		client = "[" + addr + "]"
		if net {
			client += "/" + bits
		}
	}
	return client + ":" + path
}

// exported tells why an export is not in the table as it should be.
func exported(e resource.Export, before []tableExport, said string) error {
	now, err := readExportTable(exportTable)
	if err != nil {
		return err
	}
	found, ok := findExport(now, e.Path, e.Client)
	if ok {
		want, err := resource.ExportOptions(strings.FieldsFunc(e.Options, func(r rune) bool { return r == ',' }))
		if err == nil && found.canonical() != want {
			return fmt.Errorf("it is exported with the options %q", found.canonical())
		}
		return nil
	}
	for _, n := range now {
		if !slices.Contains(before, n) {
			return fmt.Errorf("exportfs knows this client as %s: use that name", n.client)
		}
	}
	if said == "" {
		said = "exportfs did not do it and does not say why"
	}
	return errors.New(said)
}

// restoreExports makes the table as it was.
func restoreExports(before []tableExport) error {
	now, err := readExportTable(exportTable)
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range now {
		if _, ok := findExport(before, n.path, n.client); !ok {
			_, err := exportfsTool.run("-u", "--", exportArgument(n.client, n.path))
			errs = append(errs, err)
		}
	}
	for _, b := range before {
		if !slices.Contains(now, b) {
			_, err := exportfsTool.run("-i", "-o", b.options, "--", exportArgument(b.client, b.path))
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// unexport has the server export something no more. Its clients get errors from then on.
func unexport(e resource.Export) error {
	table, err := readExportTable(exportTable)
	if err != nil {
		return err
	}
	found, ok := findExport(table, e.Path, e.Client)
	if !ok {
		return nil
	}
	if _, err := exportfsTool.run("-u", "--", exportArgument(found.client, found.path)); err != nil {
		return fmt.Errorf("stop exporting %s to %s: %w", e.Path, e.Client, err)
	}
	return nil
}
