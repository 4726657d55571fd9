package planner

import (
	"encoding/json"
	"errors"

	"github.com/lvsctl/lvsctl/schema/resource"
)

type hostJSON struct {
	Name     string           `json:"name"`
	Drift    []Drift          `json:"drift,omitempty"`
	Rebooted int              `json:"rebooted,omitempty"`
	Foreign  []resource.Boxed `json:"foreign,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (h Host) MarshalJSON() ([]byte, error) {
	v := hostJSON{Name: h.Name, Drift: h.Drift, Rebooted: h.Rebooted}
	for _, r := range h.Foreign {
		v.Foreign = append(v.Foreign, resource.Boxed{Resource: r})
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (h *Host) UnmarshalJSON(data []byte) error {
	var v hostJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*h = Host{Name: v.Name, Drift: v.Drift, Rebooted: v.Rebooted}
	for _, b := range v.Foreign {
		if b.Resource == nil {
			return errors.New("foreign object that is none")
		}
		h.Foreign = append(h.Foreign, b.Resource)
	}
	return nil
}

type driftJSON struct {
	Left  resource.Boxed `json:"left"`
	Found resource.Boxed `json:"found"`
}

// MarshalJSON implements [json.Marshaler].
func (d Drift) MarshalJSON() ([]byte, error) {
	return json.Marshal(driftJSON{resource.Boxed{Resource: d.Left}, resource.Boxed{Resource: d.Found}})
}

// UnmarshalJSON implements [json.Unmarshaler]. A drift of no object is refused, and one
// of an object into another.
func (d *Drift) UnmarshalJSON(data []byte) error {
	var v driftJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	left, found := v.Left.Resource, v.Found.Resource
	switch {
	case left == nil:
		return errors.New("drift without an object")
	case found != nil && found.Key() != left.Key():
		return errors.New("drift of one object into another")
	}
	*d = Drift{left, found}
	return nil
}
