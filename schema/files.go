package schema

// Files lists the config files that [Load] would read for the given paths, sorted.
func Files(paths []string) ([]string, error) {
	names, diags := expand(paths)
	if diags.HasErrors() {
		return nil, diags
	}
	return names, nil
}
