package view

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/planner"
)

// svgStyle colours the picture for light and dark surroundings.
const svgStyle = `
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; fill: #1f2328; white-space: pre; }
.title { font-weight: bold; }
.label { fill: #57606a; font-size: 12px; }
.paper { fill: #ffffff; }
.band { fill: #f6f8fa; stroke: #d0d7de; }
.box { fill: #ffffff; stroke: #8c959f; stroke-width: 1.2; }
.clients { stroke: #57606a; }
.front { stroke: #0969da; }
.director { stroke: #bc4c00; }
.servers { stroke: #1a7f37; }
.storage { stroke: #8250df; }
.arrow { fill: none; stroke: #8c959f; stroke-width: 1.2; }
.mounts { stroke-dasharray: 4 3; }
.head { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .label { fill: #9198a1; }
  .paper { fill: #0d1117; }
  .band { fill: #151b23; stroke: #3d444d; }
  .box { fill: #0d1117; stroke: #9198a1; }
  .clients { stroke: #9198a1; }
  .front { stroke: #4493f8; }
  .director { stroke: #f0883e; }
  .servers { stroke: #3fb950; }
  .storage { stroke: #a371f7; }
  .arrow { stroke: #656c76; }
  .head { fill: #656c76; }
}
`

// SVG draws a topology.
func SVG(t *planner.Topology) string {
	pic := newPicture(t)
	l := newLayout(pic)
	d := &drawing{}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="title desc">`, l.width, l.height, l.width, l.height)
	d.printf(`<title id="title">%s</title>`, escaped(pictureTitle(pic)))
	d.printf(`<desc id="desc">%s</desc>`, escaped(pic.desc))
	d.printf("<style>%s</style>", svgStyle)
	d.printf(`<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>`)
	d.printf(`<rect class="paper" width="%.0f" height="%.0f"/>`, l.width, l.height)
	for i := range l.bands {
		d.band(l, &l.bands[i])
	}
	if len(l.bands) > 0 {
		d.box(&l.clients)
	}
	if len(pic.idle) > 0 {
		d.text("label", margin, l.height-margin, idleLine(pic))
	}
	d.printf("</svg>")
	return d.String()
}

func pictureTitle(pic *picture) string {
	names := make([]string, len(pic.bands))
	for i, b := range pic.bands {
		names[i] = b.name
	}
	return "LVS topology: " + someOf(names, maxNames)
}

// drawing is SVG that is being written.
type drawing struct{ strings.Builder }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

// band draws a cluster: its frame, the arrows, and the boxes above them.
func (d *drawing) band(l *layout, b *placedBand) {
	d.printf(`<rect class="band" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="10"/>`, b.x, b.y, b.w, b.h)
	d.text("title", b.x+bandMargin, b.y+bandTitle-6, shortened(b.name, maxColumns))
	d.bend("arrow", l.clients.right(), l.clients.middle(), b.front.x, b.front.middle(), true)
	for i := range b.directors {
		from := &b.directors[i]
		d.bend("arrow", b.front.right(), b.front.middle(), from.x, from.middle(), true)
		for j := range b.groups {
			to := &b.groups[j]
			d.bend("arrow", from.right(), from.middle(), to.x-l.straight, to.middle(), false)
		}
	}
	for i := range b.storages {
		d.mounts(b, i)
	}
	for j := range b.groups {
		d.labelled(&b.groups[j], &b.band.groups[j], l.straight)
	}
	d.box(&b.front)
	for i := range b.directors {
		d.box(&b.directors[i])
	}
	for i := range b.groups {
		d.box(&b.groups[i])
	}
	for i := range b.storages {
		d.box(&b.storages[i])
	}
}

// mounts draws the arrows to a box with shares from those that mount them.
func (d *drawing) mounts(b *placedBand, storage int) {
	to := &b.storages[storage]
	for i := range b.groups {
		if from := &b.groups[i]; slices.Contains(b.band.storages[storage].groups, from.id) {
			d.bend("arrow mounts", from.right(), from.middle(), to.x, to.middle(), true)
		}
	}
}

// bend draws an arrow, or the beginning of one, that leaves and arrives level.
func (d *drawing) bend(class string, x1, y1, x2, y2 float64, head bool) {
	marker := ""
	if head {
		marker = ` marker-end="url(#head)"`
	}
	half := (x1 + x2) / 2
	d.printf(`<path class="%s" d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f"%s/>`, class, x1, y1, half, y1, half, y2, x2, y2, marker)
}

// labelled draws the last part of the arrows to a group, with what stands on it.
func (d *drawing) labelled(to *placed, g *serverGroup, length float64) {
	y := to.middle()
	d.printf(`<path class="arrow" d="M%.1f %.1f H%.1f" marker-end="url(#head)"/>`, to.x-length, y, to.x)
	x := to.x - length + boxPadding
	above := g.labels()
	for i, line := range above {
		d.text("label", x, y-6-float64(len(above)-1-i)*(lineHeight-3), line)
	}
	d.text("label", x, y+lineHeight-3, g.below)
}

func (d *drawing) box(b *placed) {
	d.printf(`<rect class="box %s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`, b.class, b.x, b.y, b.w, b.h)
	y := b.y + boxPadding + fontSize - 2
	d.text("title", b.x+boxPadding, y, b.title)
	for i, line := range b.lines {
		d.text("line", b.x+boxPadding, y+float64(i+1)*lineHeight, line)
	}
}

func (d *drawing) text(class string, x, y float64, text string) {
	if text != "" {
		d.printf(`<text class="%s" x="%.1f" y="%.1f" xml:space="preserve">%s</text>`, class, x, y, escaped(text))
	}
}

// escaped is a text for XML, which some characters cannot be in at all.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(Clean(text))) // a Builder takes everything
	return b.String()
}
