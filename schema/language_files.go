package schema

// What a host block can ask for in the host's file system, and the shared storage of
// clusters.

var (
	fileModeAttr = attrSpec{Name: "mode", Kind: kindText, Doc: `the permissions in octal, as in "0640"`}
	ownerAttr    = attrSpec{Name: "owner", Kind: kindString, Default: "root", Doc: "the user that owns it, by name"}
	fileGroup    = attrSpec{Name: "group", Kind: kindString, Default: "root", Doc: "the group that it belongs to, by name"}
	mountOptions = attrSpec{Name: "options", Kind: kindStrings, Doc: `options of mount(8), as in ["noatime", "soft"]; for NFS also those of nfs(5)`}
	bootAttr     = attrSpec{Name: "boot", Kind: kindBool, Doc: "false leaves it out of /etc/fstab, so that it is not mounted at boot"}
	forceAttr    = attrSpec{Name: "force", Kind: kindBool, Doc: "true unmounts it even while somebody uses it, who gets errors from then on"}
)

// withDefault is an argument with what stands for it where it is missing.
func (a attrSpec) withDefault(value string) attrSpec {
	a.Default = value
	return a
}

var hostFileSpec = define(blockSpec{
	Type: "file", Labels: []string{"path"},
	Doc: "a file with all that is in it; what was there before comes back when the block is removed",
	Attrs: []attrSpec{
		{Name: "content", Kind: kindString, Required: true, Example: `file("motd")`, Doc: "what the file holds, 1 MiB at most"},
		fileModeAttr.withDefault("0644"), ownerAttr, fileGroup,
	},
})

var fileBlockSpec = define(blockSpec{
	Type: "file_block", Labels: []string{"path"},
	Doc: "some lines in a file that belongs to others, between two comments that say so; the rest of the file is left alone",
	Attrs: []attrSpec{
		{Name: "name", Kind: kindString, Default: "host", Doc: "tells the blocks in one file apart"},
		{Name: "content", Kind: kindString, Required: true, Example: `"192.0.2.1 lb1\n"`, Doc: "the lines"},
		{Name: "comment", Kind: kindString, Default: "#", Doc: "what begins a comment in that file"},
	},
})

var directorySpec = define(blockSpec{
	Type: "directory", Labels: []string{"path"},
	Doc: "a directory; one that was made is removed again if nothing is in it",
	Attrs: []attrSpec{
		fileModeAttr.withDefault("0755"), ownerAttr, fileGroup,
	},
})

var unitSpec = define(blockSpec{
	Type: "unit", Labels: []string{"name"},
	Doc: "a unit of systemd, as in \"nginx.service\"; what is not written stays as it is",
	Attrs: []attrSpec{
		{Name: "running", Kind: kindBool, Doc: "true for a unit that is started, false for one that is stopped"},
		{Name: "enabled", Kind: kindBool, Doc: "true for a unit that is started at boot, false for one that is not"},
		{Name: "reload_on", Kind: kindStrings, Doc: "files that the unit reads, each with a file or file_block block on the host: it is told to reload when one of them changes"},
	},
})

var hostMountSpec = define(blockSpec{
	Type: "mount", Labels: []string{"path"},
	Doc: "a file system that is mounted there; the directory must exist",
	Attrs: []attrSpec{
		{Name: "source", Kind: kindString, Required: true, Example: `"192.0.2.1:/srv/pages"`, Doc: "what is mounted"},
		{Name: "type", Kind: kindString, Default: "nfs", Doc: "the type of the file system"},
		mountOptions, bootAttr, forceAttr,
	},
})

var shareDirectorySpec = define(blockSpec{
	Type: "directory", Single: true,
	Doc: "has the shared directory made; without it the directory must exist",
	Attrs: []attrSpec{
		fileModeAttr.withDefault("0755"), ownerAttr, fileGroup,
	},
})

var nfsVersions = []string{"3", "4", "4.0", "4.1", "4.2"}

var shareMountSpec = define(blockSpec{
	Type: "mount", Labels: []string{"path"},
	Doc: "where hosts mount the share; a directory that is missing is made",
	Attrs: []attrSpec{
		{Name: "hosts", Kind: kindHosts, Required: true, Example: "[host.web1]", Doc: "the hosts that mount it, as a rule real servers of the cluster"},
		{Name: "version", Kind: kindString, Words: nfsVersions, Doc: "the version of NFS, the highest that both sides know where it is omitted"},
		{Name: "read_only", Kind: kindBool, Doc: "true for a mount that nothing can be written to"},
		mountOptions, bootAttr, forceAttr,
	},
})

var shareSpec = define(blockSpec{
	Type: "nfs_share", Labels: []string{"name"},
	Doc: "a directory that real servers share over NFS",
	Attrs: []attrSpec{
		{Name: "server", Kind: kindHost, Required: true, Example: "host.nfs", Doc: "the host that has the directory"},
		{Name: "address", Kind: kindAddress, Doc: "the server's address that the share is mounted from, the host's own where it is omitted"},
		{Name: "path", Kind: kindString, Required: true, Example: `"/srv/pages"`, Doc: "the directory"},
		{Name: "clients", Kind: kindStrings, Required: true, Example: `["192.0.2.0/24"]`, Doc: `who may mount it: networks, addresses, names, patterns such as "*.example.org", netgroups such as "@web", or "*" for everyone`},
		{Name: "options", Kind: kindStrings, Doc: `options of exports(5), as in ["rw", "no_subtree_check"]; without any it is read-only`},
		forEachAttr,
	},
	Blocks: []*blockSpec{shareDirectorySpec, shareMountSpec, ignoreSpec},
})
