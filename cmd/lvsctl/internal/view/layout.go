package view

// The layout of pictures.
//
// A picture has five columns: clients, fronts, directors, real servers, and what these
// share. Each cluster is a band with its boxes one below the other in their columns, and
// each column is as wide as its widest box, so that columns are in line over all bands.
// Nothing is measured: the font is a monospaced one, and a character of those is 0.6 of the
// font's size wide.
//
// What stands on the arrow to a group of real servers needs a place where it hides
// nothing: the last part of those arrows is straight and as long as the longest text.

// Lengths in pixels.
const (
	fontSize   = 13.0
	charWidth  = 0.6 * fontSize
	lineHeight = 18.0
	boxPadding = 10.0
	boxGap     = 26.0 // between boxes of one column
	columnGap  = 56.0 // for arrows that bend
	bandGap    = 24.0
	bandMargin = 20.0 // around the boxes of a band
	bandTitle  = 26.0
	margin     = 16.0 // around the picture
)

// placed is a box with its place.
type placed struct {
	box
	class      string
	x, y, w, h float64
}

func (b *placed) right() float64  { return b.x + b.w }
func (b *placed) middle() float64 { return b.y + b.h/2 }

// layout is where everything is.
type layout struct {
	width, height float64
	clients       placed
	bands         []placedBand
	straight      float64 // the length of the straight part of arrows to groups
}

type placedBand struct {
	*band
	x, y, w, h float64
	front      placed
	directors  []placed
	groups     []placed
	storages   []placed
}

// newLayout places all boxes.
func newLayout(pic *picture) *layout {
	l := &layout{clients: newPlaced("clients", box{id: "clients", title: "clients"})}
	var fronts, directors, groups, storages, title float64 // the widest of each
	for i := range pic.bands {
		b := newPlacedBand(&pic.bands[i])
		fronts = max(fronts, b.front.w)
		directors = max(directors, widestOf(b.directors))
		groups = max(groups, widestOf(b.groups))
		storages = max(storages, widestOf(b.storages))
		title = max(title, textWidth([]string{shortened(b.name, maxColumns)}))
		for _, g := range b.band.groups {
			l.straight = max(l.straight, textWidth(append(g.labels(), g.below)))
		}
		l.bands = append(l.bands, b)
	}
	bandX := margin + l.clients.w + columnGap
	frontX := bandX + bandMargin
	directorX := frontX + fronts + columnGap
	groupX := directorX + directors
	if groups > 0 {
		l.straight += 2 * boxPadding
		groupX += columnGap + l.straight
	}
	storageX := groupX + groups
	if storages > 0 {
		storageX += columnGap
	}
	bandW := max(storageX+storages+bandMargin-bandX, title+2*bandMargin)
	y := margin
	for i := range l.bands {
		b := &l.bands[i]
		b.x, b.y, b.w = bandX, y, bandW
		b.place(frontX, directorX, groupX, storageX)
		y += b.h + bandGap
	}
	l.width, l.height = bandX+bandW+margin, y-bandGap+margin
	l.around(pic)
	return l
}

// around places what is beside the bands: the clients in the middle of where their arrows
// go, and a line for hosts without a part below all.
func (l *layout) around(pic *picture) {
	if n := len(l.bands); n > 0 {
		l.clients.x, l.clients.y = margin, (l.bands[0].front.middle()+l.bands[n-1].front.middle()-l.clients.h)/2
	}
	if len(pic.idle) > 0 {
		l.height += lineHeight + margin
		l.width = max(l.width, 2*margin+textWidth([]string{idleLine(pic)}))
	}
}

// idleLine names the hosts without a part.
func idleLine(pic *picture) string { return "hosts without a part: " + someOf(pic.idle, maxServers) }

func newPlacedBand(b *band) placedBand {
	out := placedBand{band: b, front: newPlaced("front", b.front)}
	for _, d := range b.directors {
		out.directors = append(out.directors, newPlaced("director", d))
	}
	for _, g := range b.groups {
		out.groups = append(out.groups, newPlaced("servers", g.box))
	}
	for _, s := range b.storages {
		out.storages = append(out.storages, newPlaced("storage", s.box))
	}
	return out
}

// newPlaced is a box of the size that its text needs.
func newPlaced(class string, b box) placed {
	b.title = shortened(b.title, maxColumns)
	lines := make([]string, len(b.lines))
	for i, line := range b.lines {
		lines[i] = shortened(line, maxColumns)
	}
	b.lines = lines
	return placed{
		box: b, class: class,
		w: textWidth(append([]string{b.title}, lines...)) + 2*boxPadding,
		h: float64(1+len(lines))*lineHeight + 2*boxPadding - 4,
	}
}

func widestOf(boxes []placed) float64 {
	w := 0.0
	for i := range boxes {
		w = max(w, boxes[i].w)
	}
	return w
}

// place gives the boxes of a band their places below its title, each column in the middle.
func (b *placedBand) place(frontX, directorX, groupX, storageX float64) {
	front := []placed{b.front}
	inner := max(stackHeight(front), stackHeight(b.directors), stackHeight(b.groups), stackHeight(b.storages))
	b.h = bandTitle + inner + bandMargin + 4
	top := b.y + bandTitle + 4
	stack(front, frontX, top, inner)
	b.front = front[0]
	stack(b.directors, directorX, top, inner)
	stack(b.groups, groupX, top, inner)
	stack(b.storages, storageX, top, inner)
}

func stackHeight(boxes []placed) float64 {
	h := -boxGap
	for i := range boxes {
		h += boxes[i].h + boxGap
	}
	return max(h, 0)
}

// stack places boxes one below the other in the middle of a room.
func stack(boxes []placed, x, top, room float64) {
	y := top + (room-stackHeight(boxes))/2
	for i := range boxes {
		boxes[i].x, boxes[i].y = x, y
		y += boxes[i].h + boxGap
	}
}

// labels are the lines above the arrow to a group.
func (g *serverGroup) labels() []string {
	lines := make([]string, len(g.above))
	for i, line := range g.above {
		lines[i] = shortened(line, maxLabelColumns)
	}
	return lines
}

// How long lines are at the most, in columns.
const (
	maxColumns      = 72 // in a box
	maxLabelColumns = 40 // on an arrow
)

// shortened cuts a line that is too long.
func shortened(line string, columns int) string {
	width := 0
	for i, r := range line {
		if width += runeWidth(r); width > columns {
			return line[:i] + "…"
		}
	}
	return line
}

// textWidth is how wide the longest of some lines is, in pixels.
func textWidth(lines []string) float64 {
	widest := 0
	for _, line := range lines {
		width := 0
		for _, r := range line {
			width += runeWidth(r)
		}
		widest = max(widest, width)
	}
	return float64(widest) * charWidth
}

// runeWidth is how many columns a character takes: two from the scripts on that
// monospaced fonts draw twice as wide.
func runeWidth(r rune) int {
	if r >= 0x1100 && r != '…' {
		return 2
	}
	return 1
}
