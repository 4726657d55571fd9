package schema

import (
	"testing"
	"time"
)

func TestWindowHas(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const hour = time.Hour
	work := Window{Days: []time.Weekday{time.Monday, time.Tuesday}, From: 9 * hour, To: 16*hour + 30*time.Minute, Zone: time.UTC}
	night := Window{Days: []time.Weekday{time.Friday}, From: 22 * hour, To: 6 * hour, Zone: time.UTC}
	tests := []struct {
		name   string
		window Window
		at     string // 23 November 2026 is a Monday
		want   bool
	}{
		{"within", work, "2026-11-23T12:00:00Z", true},
		{"as it begins", work, "2026-11-23T09:00:00Z", true},
		{"a second before", work, "2026-11-23T08:59:59Z", false},
		{"the last second", work, "2026-11-24T16:29:59Z", true},
		{"as it ends", work, "2026-11-24T16:30:00Z", false},
		{"on another day", work, "2026-11-25T12:00:00Z", false},
		{"said in another zone", work, "2026-11-23T23:00:00+12:00", true},

		{"before midnight", night, "2026-11-27T23:00:00Z", true},
		{"after midnight", night, "2026-11-28T05:59:59Z", true},
		{"as the night ends", night, "2026-11-28T06:00:00Z", false},
		{"in the morning of its day", night, "2026-11-27T05:00:00Z", false},
		{"in the evening of the next day", night, "2026-11-28T23:00:00Z", false},

		{"a whole day", Window{Days: []time.Weekday{time.Sunday}, To: 24 * hour, Zone: time.UTC}, "2026-11-29T23:59:59Z", true},
		{"the day after", Window{Days: []time.Weekday{time.Sunday}, To: 24 * hour, Zone: time.UTC}, "2026-11-30T00:00:00Z", false},
		{"every night", Window{From: 22 * hour, To: 6 * hour, Zone: time.UTC}, "2026-11-25T01:00:00Z", true},

		{"by the clocks of the zone", Window{Days: []time.Weekday{time.Tuesday}, To: hour, Zone: berlin}, "2026-11-23T23:30:00Z", true},
		{"in winter", Window{From: 9 * hour, To: 10 * hour, Zone: berlin}, "2026-01-05T08:30:00Z", true},
		{"in summer", Window{From: 9 * hour, To: 10 * hour, Zone: berlin}, "2026-07-06T07:30:00Z", true},
		{"not in summer", Window{From: 9 * hour, To: 10 * hour, Zone: berlin}, "2026-07-06T08:30:00Z", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := test.window.Has(at); got != test.want {
				t.Errorf("%s has %s: %v", test.window, test.at, got)
			}
		})
	}
}
