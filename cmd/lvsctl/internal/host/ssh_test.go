package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema"
)

const sshAlways = "ssh -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o ClearAllForwardings=yes -o ForwardAgent=no -o ForwardX11=no -o EscapeChar=none"

func TestSSHCommand(t *testing.T) {
	for name, test := range map[string]struct {
		ssh  schema.SSH
		want string
	}{
		"address alone": {
			schema.SSH{Address: "2001:db8::1", Timeout: 30 * time.Second},
			sshAlways + " -o ConnectTimeout=30 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o LogLevel=ERROR -- 2001:db8::1",
		},
		"everything": {
			schema.SSH{Address: "lb1", User: "deploy", Port: 2222, Identity: "~/.ssh/ci", Jump: "gate", Options: []string{"Compression=yes"}, Timeout: 5 * time.Second},
			sshAlways + " -o Compression=yes -o ConnectTimeout=5 -o ServerAliveInterval=1 -o ServerAliveCountMax=3 -o LogLevel=ERROR" +
				" -i ~/.ssh/ci -o IdentitiesOnly=yes -p 2222 -l deploy -J gate -- lb1",
		},
	} {
		if got := strings.Join(sshCommand(&test.ssh), " "); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
}

// What ssh makes of the command line, over a config of the user's that wants it otherwise.
func TestSSHBelieves(t *testing.T) {
	program, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config")
	theirs := "StrictHostKeyChecking no\nBatchMode no\nForwardAgent yes\nConnectTimeout 99\nServerAliveCountMax 9\nCompression no\nUser theirs\n"
	if err := os.WriteFile(config, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	argv := sshCommand(&schema.SSH{Address: "lb1", User: "deploy", Options: []string{"Compression=yes", "ServerAliveCountMax=5"}, Timeout: 7 * time.Second})
	out, err := exec.Command(program, append([]string{"-G", "-F", config}, argv[1:]...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"batchmode yes", "compression yes", "connecttimeout 7", "forwardagent no", "hostname lb1", "serveralivecountmax 5", "stricthostkeychecking true", "user deploy"}
	var got []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		for _, w := range want {
			if key, _, _ := strings.Cut(w, " "); strings.HasPrefix(line, key+" ") {
				got = append(got, line)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
