package resource

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Text is what a file holds, any bytes. In JSON it is a string where it can be one, and
// otherwise {"base64": "…"}.
type Text string

type textJSON struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements [json.Marshaler].
func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(textJSON{[]byte(t)})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Text) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var v textJSON
		err := json.Unmarshal(data, &v)
		*t = Text(v.Base64)
		return err
	}
	var s string
	err := json.Unmarshal(data, &s)
	*t = Text(s)
	return err
}

// lines says how long a text is, for people.
func (t Text) lines() string {
	n := 0
	for i, b := range []byte(t) {
		if b == '\n' || i == len(t)-1 {
			n++
		}
	}
	if n == 1 {
		return "1 line"
	}
	return strconv.Itoa(n) + " lines"
}
