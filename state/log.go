package state

// The ledger's log is made of lines, each of them
//
//	<checksum> <word> <JSON>
//
// such as
//
//	5be1b4ad claim {"want":{"kind":"module","state":{"name":"ip_vs"}},"step":"balance"}
//
// The checksum is CRC-32C, as eight hexadecimal digits, of the line's offset in the
// file and everything after the checksum. As the offset is part of it, a line is good
// or bad by itself, whatever became of the lines around it, and yet lines that were
// lost, moved or doubled do not pass.
//
// A log starts with a snapshot: the "ledger" line, which names the format and its
// version, then "boot", "host", "step", "claim" and "lost" lines for all that is true at this
// point, "apply", "past", "was" and "done" lines for what is known of the last apply, and an
// "end" line, which says which backup the snapshot was made from. A snapshot
// takes its place by a rename when it is complete on disk, so no crash leaves half of
// one.
//
// Appends follow. Each is one write and one fsync, and starts with a "begin" or
// "finish" line, for the two ends of a step, or an "apply" or "done" line, for those of
// an apply, or, before the first "apply" of a boot, with a "boot" or "host" line. An append
// is written only after the one
// before it has reached the disk, so whatever a crash did, it did to the last append,
// and what it did is that some of it is missing: the file ends in the middle of a
// line, or, where blocks got to the disk out of order, zeros stand for what did not.
// Bad lines that look otherwise, or are followed by another append, are damage.

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"runtime"
	"sync"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// The format's name and the version that this package writes. It reads earlier ones too:
// the first one had no journal, the second forgot with each boot all that was before, and the
// third had a line for each destination.
const (
	formatName    = "lvsctl-ledger"
	formatVersion = 4
)

// The words that say what a line is.
const (
	wordLedger  = "ledger"  // header; always the first line
	wordEnd     = "end"     // of the snapshot
	wordBegin   = "begin"   // a step's name; starts an append
	wordFinish  = "finish"  // a step's name; starts an append
	wordBoot    = "boot"    // the id of the boot from here on
	wordHost    = "host"    // the name by which the config knows the host
	wordStep    = "step"    // a step's edges
	wordClaim   = "claim"   // an object is ours
	wordLost    = "lost"    // an object was ours before the host booted, and went with that
	wordRelease = "release" // the object with this key is no longer ours
	wordApply   = "apply"   // an apply begins; starts an append
	wordWas     = "was"     // what an object was before the apply
	wordPast    = "past"    // a step's edges before the apply

	wordClaims   = "claims" // several are ours, and so on, see groupline.go
	wordWere     = "were"
	wordReleases = "releases"

	wordDone = "done" // the apply has ended; starts an append
)

// A record is what one line says.
type record struct {
	word  string
	text  string          // boot: the id; host: the name; begin, finish, step, past: the step's name
	after []resource.Edge // step, past
	claim resource.Claim  // claim, lost; release: the one that is given up, when it is written
	// says is what all others say, of which there are few: headerBody, endBody, resource.Apply,
	// resource.WasEntry, doneBody; release: resource.Key, when it is read; lines of several: group.
	says any
}

// key is that of the object of claims, those that are lost, and of releases.
func (r *record) key() resource.Key {
	if r.claim.Want == nil {
		return r.says.(resource.Key)
	}
	return r.claim.Want.Key()
}

// The JSON forms of records that are not simply a string or a key.
type (
	headerBody struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	endBody struct {
		Backup *fingerprint `json:"backup,omitempty"` // nil for a snapshot that has none
	}
	doneBody struct {
		Ending resource.Ending `json:"ending"`
		Note   string          `json:"note,omitempty"`
	}
	stepBody struct {
		Name  string          `json:"name"`
		After []resource.Edge `json:"after,omitempty"`
	}
	// claimBody has the JSON form of [resource.Claim]. It is written a line at a
	// time by tens of thousands, and this way without marshalling the parts first.
	claimBody struct {
		Want  boxBody  `json:"want"`
		Prior *boxBody `json:"prior,omitempty"`
		Step  string   `json:"step,omitempty"`
	}
	boxBody struct {
		Kind  resource.Kind     `json:"kind"`
		State resource.Resource `json:"state"`
	}
)

// A fingerprint tells whether a file is the one that is meant.
type fingerprint struct {
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc32c"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksumLen is the length of a line's checksum in bytes.
const checksumLen = 8

// checksum writes the checksum of a line at an offset in the file, where text is
// the line without checksum and newline.
func checksum(at int64, text []byte) [checksumLen]byte {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], uint64(at))
	sum := crc32.Update(crc32.Checksum(raw[:], castagnoli), castagnoli, text)
	binary.BigEndian.PutUint32(raw[:], sum)
	var digits [checksumLen]byte
	hex.Encode(digits[:], raw[:4])
	return digits
}

// A batch is a run of lines on its way to the disk. The first error stays, so that
// it need be looked at only once.
type batch struct {
	at    int64 // the offset in the file that the batch will start at
	buf   bytes.Buffer
	lines int // one for each of several in a line
	err   error
	json  *json.Encoder
}

func newBatch(at int64) *batch {
	b := &batch{at: at}
	b.json = json.NewEncoder(&b.buf)
	b.json.SetEscapeHTML(false)
	return b
}

// add appends the lines of records.
func (b *batch) add(records ...record) {
	for len(records) > 0 {
		n := run(records)
		switch r := &records[0]; {
		case n >= minGroup:
			b.addGroup(records[:n])
		case !b.addPlain(r):
			b.addLine(r.word, r.body())
		}
		records = records[n:]
	}
}

// addGroup appends the line of a run of records.
func (b *batch) addGroup(records []record) {
	if b.err != nil {
		return
	}
	start := b.begin(groups[records[0].word])
	b.buf.Write(append(appendGroup(b.buf.AvailableBuffer(), records), '\n'))
	b.seal(start)
	b.lines += len(records) - 1
}

// begin begins a line, and returns where.
func (b *batch) begin(word string) (start int) {
	start = b.buf.Len()
	b.buf.WriteString("00000000 ")
	b.buf.WriteString(word)
	b.buf.WriteByte(' ')
	return start
}

// addPlain appends the line of a record, if it is one of those that are written without
// reflection.
func (b *batch) addPlain(r *record) bool {
	if b.err != nil {
		return false
	}
	start := b.begin(r.word)
	line, ok := r.appendBody(b.buf.AvailableBuffer())
	if !ok {
		b.buf.Truncate(start)
		return false
	}
	b.buf.Write(append(line, '\n'))
	b.seal(start)
	return true
}

// replaced is what [encoding/json] writes for a byte that is not UTF-8.
var replaced = []byte(`\ufffd`)

func (b *batch) addLine(word string, body any) {
	if b.err != nil {
		return
	}
	start := b.begin(word)
	if b.err = b.json.Encode(body); b.err != nil {
		return
	}
	line := b.buf.Bytes()[start:]
	text := line[checksumLen : len(line)-1]
	if bytes.Contains(text, replaced) {
		b.err = fmt.Errorf("a name is not valid UTF-8 and would not be found again: %s", text)
		return
	}
	b.seal(start)
}

// seal puts the checksum before the line that starts at an offset of the buffer.
func (b *batch) seal(start int) {
	line := b.buf.Bytes()[start:]
	sum := checksum(b.at+int64(start), line[checksumLen:len(line)-1])
	copy(line, sum[:])
	b.lines++
}

// body is what a record's line has as JSON.
func (r *record) body() any {
	switch r.word {
	case wordLedger, wordEnd, wordApply, wordWas, wordDone:
		return r.says
	case wordStep, wordPast:
		return stepBody{r.text, r.after}
	case wordClaim, wordLost:
		body := claimBody{Want: boxBody{r.key().Kind, r.claim.Want}, Step: r.claim.Step}
		if r.claim.Prior != nil {
			body.Prior = &boxBody{r.claim.Prior.Key().Kind, r.claim.Prior}
		}
		return body
	case wordRelease:
		return r.key()
	default:
		return r.text
	}
}

// A line is a good line of a log, not yet decoded.
type line struct {
	number int // from 1
	word   string
	body   []byte
}

// opensAppend tells the lines that start an append.
func (l line) opensAppend() bool {
	switch l.word {
	case wordBegin, wordFinish, wordApply, wordDone:
		return true
	}
	return false
}

// A gap is where bad lines are, one or several.
type gap struct {
	number int   // of the first bad line
	at     int64 // its offset in the file
	next   int   // index of the good line that follows, or the number of good lines
	torn   bool  // something is missing from each line, as after a crash
}

// split takes a log apart into its good lines and the gaps between them.
func split(data []byte) (lines []line, gaps []gap) {
	lines = make([]line, 0, bytes.Count(data, []byte{'\n'}))
	at := int64(0)
	for number := 1; len(data) > 0; number++ {
		raw, rest, ended := bytes.Cut(data, []byte{'\n'})
		torn := !ended || bytes.IndexByte(raw, 0) >= 0
		l, ok := check(at, raw)
		switch {
		case ok && ended:
			l.number = number
			lines = append(lines, l)
		case len(gaps) == 0 || gaps[len(gaps)-1].next < len(lines):
			gaps = append(gaps, gap{number, at, len(lines), torn})
		case !torn:
			gaps[len(gaps)-1].torn = false
		}
		at += int64(len(data) - len(rest))
		data = rest
	}
	return lines, gaps
}

// check takes one line apart, without its newline, if its checksum is right.
func check(at int64, raw []byte) (line, bool) {
	if len(raw) <= checksumLen || raw[checksumLen] != ' ' {
		return line{}, false
	}
	text := raw[checksumLen:]
	if sum := checksum(at, text); !bytes.Equal(sum[:], raw[:checksumLen]) {
		return line{}, false
	}
	word, body, ok := bytes.Cut(text[1:], []byte{' '})
	return line{word: wordOf(word), body: body}, ok
}

// wordOf is a word as a string. Most are of claims.
func wordOf(word []byte) string {
	switch string(word) {
	case wordClaim:
		return wordClaim
	case wordClaims:
		return wordClaims
	}
	return string(word)
}

// version is the format's version that a header names.
func (l line) version() int {
	r, err := l.decode()
	if err != nil {
		return 0
	}
	return r.says.(headerBody).Version
}

// decode reads what a line says, if need be by reflection.
func (r *claimReader) decode(l line) (record, error) {
	switch l.word {
	case wordClaim:
		if c, ok := r.read(l.body); ok {
			return record{word: l.word, claim: c}, nil
		}
	case wordWas:
		if e, ok := r.readWas(l.body); ok {
			return record{word: l.word, says: e}, nil
		}
	case wordClaims, wordWere, wordReleases:
		g, err := r.readGroup(l.word, l.body)
		if err != nil {
			err = fmt.Errorf("line %d: %w", l.number, err)
		}
		return record{word: l.word, says: g}, err
	}
	return l.decode()
}

// decode reads what a line says. As its checksum was right, an error means that
// another version wrote it.
func (l line) decode() (r record, err error) {
	r.word = l.word
	switch l.word {
	case wordLedger:
		r.says, err = parsed[headerBody](l.body)
	case wordEnd:
		r.says, err = parsed[endBody](l.body)
	case wordBegin, wordFinish, wordBoot, wordHost:
		err = json.Unmarshal(l.body, &r.text)
	case wordApply:
		r.says, err = parsed[resource.Apply](l.body)
	case wordWas:
		r.says, err = parsed[resource.WasEntry](l.body)
	case wordDone:
		r.says, err = parsed[doneBody](l.body)
	case wordStep, wordPast:
		var body stepBody
		err = json.Unmarshal(l.body, &body)
		r.text, r.after = body.Name, body.After
	case wordClaim, wordLost:
		err = r.claim.UnmarshalJSON(l.body)
	case wordRelease:
		r.says, err = parsed[resource.Key](l.body)
	default:
		err = fmt.Errorf("unknown record %q", l.word)
	}
	if err != nil {
		err = fmt.Errorf("line %d: %w", l.number, err)
	}
	return r, err
}

// parsed reads a value.
func parsed[T any](body []byte) (v T, err error) {
	err = json.Unmarshal(body, &v)
	return v, err
}

// decodeShare is how many lines make it worth to start another goroutine.
const decodeShare = 500

// decodeAll decodes lines, which takes most of the time of opening a ledger, on all
// processors.
func decodeAll(lines []line) ([]record, error) {
	records := make([]record, len(lines))
	workers := max(1, min(runtime.GOMAXPROCS(0), len(lines)/decodeShare))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		from, to := w*len(lines)/workers, (w+1)*len(lines)/workers
		wg.Go(func() {
			var claims claimReader
			for i := from; i < to; i++ {
				if records[i], errs[w] = claims.decode(lines[i]); errs[w] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return records, nil
}
