package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // so that machines without a list of zones know them too

	"github.com/hashicorp/hcl/v2"
)

// A Window is a time of day on some days of the week, by the clocks of a zone. One that ends
// on the next day belongs to the day on which it begins.
type Window struct {
	Days     []time.Weekday // each once, from Monday; none is every day
	From, To time.Duration  // since midnight; To is not in it, and may be 24h
	Zone     *time.Location
	Range    hcl.Range
}

// Has tells whether a moment is in the window.
func (w Window) Has(t time.Time) bool {
	t = t.In(w.Zone)
	hour, minute, second := t.Clock()
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	today := t.Weekday()
	if w.From < w.To {
		return w.on(today) && w.From <= clock && clock < w.To
	}
	return w.on(today) && w.From <= clock || w.on(yesterday(today)) && clock < w.To
}

// on tells whether the window begins on a day.
func (w Window) on(day time.Weekday) bool { return len(w.Days) == 0 || slices.Contains(w.Days, day) }

// yesterday is the day before.
func yesterday(day time.Weekday) time.Weekday { return (day + 6) % 7 }

// String says when it is, as in "mon and tue from 09:00 to 16:30 (Europe/Berlin)".
func (w Window) String() string {
	days := "every day"
	if len(w.Days) > 0 {
		names := make([]string, len(w.Days))
		for i, d := range w.Days {
			names[i] = dayName(d)
		}
		days = list(names)
	}
	return fmt.Sprintf("%s from %s to %s (%s)", days, clockTime(w.From), clockTime(w.To), w.Zone)
}

// weekdays are the days in the order of the week as the language has it.
var weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// dayName is a day in the words of the language.
func dayName(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

// clockTime writes a time of day.
func clockTime(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// window reads one window block.
func (c *content) window() Window {
	w := Window{Days: c.days("days"), Zone: c.zone("zone"), Range: c.header()}
	var from, to bool
	w.From, from = c.clock("from")
	w.To, to = c.clock("to")
	const summary = "Invalid time of day"
	switch {
	case !from || !to:
	case w.From == 24*time.Hour:
		c.fail(c.at("from"), summary, `A window begins at "23:59" at the latest. "24:00" is for where it ends.`)
	case w.From == w.To:
		c.fail(c.at("to"), summary, `The window ends as it begins, at %s. Write to = "24:00" for one that ends with the day; a whole day has neither from nor to.`, clockTime(w.From))
	}
	return w
}

// days is an argument that is a list of days of the week, in the order of the week; none
// where it is missing or wrong.
func (c *content) days(name string) []time.Weekday {
	names, ok := c.strings(name)
	if !ok {
		return nil
	}
	if len(names) == 0 {
		c.fail(c.at(name), "No day", "The list is empty, so that the window never is. Remove the argument for a window on every day.")
	}
	words := make([]string, len(weekdays))
	for i, d := range weekdays {
		words[i] = dayName(d)
	}
	var days []time.Weekday
	for _, n := range names {
		i := slices.Index(words, n)
		switch {
		case i < 0:
			c.fail(c.at(name), "Unknown day", "There is no day %q. Days are %s.%s", n, listWords(words), didYouMean(strings.ToLower(n), words, "%q"))
		case slices.Contains(days, weekdays[i]):
			c.fail(c.at(name), "Duplicate day", "%q is in this list twice. Remove one of the two.", n)
		default:
			days = append(days, weekdays[i])
		}
	}
	slices.SortFunc(days, func(a, b time.Weekday) int { return slices.Index(weekdays, a) - slices.Index(weekdays, b) })
	return days
}

// clock is an argument that is a time of day, since midnight: its default where it is missing
// or null.
func (c *content) clock(name string) (time.Duration, bool) {
	s, ok := c.str(name)
	if !ok {
		return 0, false
	}
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		c.fail(c.at(name), "Invalid time of day", `The argument %q must be a time of day from "00:00" to "24:00", with two digits for hour and minute, and this is %q. %s.`, name, s, c.spec.attr(name).sentence())
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}

// zone is an argument that names a time zone: its default where it is missing or wrong. That
// of the machine is none, since the same config would mean something else elsewhere.
func (c *content) zone(name string) *time.Location {
	s, ok := c.str(name)
	if !ok {
		return time.UTC
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		c.fail(c.at(name), "Unknown time zone", `There is no time zone %q. Zones are called as in the IANA's database, such as "Europe/Berlin", "America/New_York" or "UTC".`, s)
		return time.UTC
	}
	return zone
}
