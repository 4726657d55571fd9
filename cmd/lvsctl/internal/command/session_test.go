package command

import (
	"strings"
	"testing"
)

// Who waits for a lock sees the command of its holder, but no values of variables.
func TestWithoutValues(t *testing.T) {
	tests := []struct{ args, want string }{
		{"lvsctl apply", "lvsctl apply"},
		{"lvsctl apply --var a=s3cret dir", "lvsctl apply --var a=… dir"},
		{"lvsctl apply --var=a=s3cret=x --var b=", "lvsctl apply --var=a=… --var b=…"},
		{"lvsctl apply --var-file a=b --host x=y", "lvsctl apply --var-file a=b --host x=y"},
	}
	for _, test := range tests {
		if got := strings.Join(withoutValues(strings.Fields(test.args)), " "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.args, got, test.want)
		}
	}
}
