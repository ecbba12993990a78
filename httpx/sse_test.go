package httpx

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// eventTable has streams and what they are, those of the HTML standard (§9.2.6)
// first. Events are name, id and data, with a slash in between.
var eventTable = []struct {
	name, in string
	want     []string
}{
	{"data over two lines", "data: YHOO\ndata: +2\ndata: 10\n\n", []string{"//YHOO\n+2\n10"}},
	{"a comment, ids, a space", ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n", []string{"/1/first event", "//second event"}},
	{"empty data, and none at the end", "data\n\ndata\ndata\n\ndata:", []string{"//", "//\n"}},
	{"one space is cut", "data:test\n\ndata: test\n\n", []string{"//test", "//test"}},
	{"a byte-order mark", "\ufeffdata: a\n\n", []string{"//a"}},
	{"a second one is data's", "\ufeff\ufeffdata: a\n\ndata: b\n\n", []string{"//b"}},
	{"CR, LF and both", "data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\r\ndata: e\rdata: f\n\r\n", []string{"//a", "//b", "//c", "//d\ne\nf"}},
	{"an event without data", "event: x\nid: 3\n\ndata: a\n\n", []string{"//a"}},
	{"a name", "event: add\ndata: 1\nretry: 5\nunknown: x\nunknown\n\n", []string{"add//1"}},
	{"an id with a NUL", "id: 1\x002\ndata: a\n\n", []string{"//a"}},
	{"colons", "data: a: b\n\ndata::c\n\n", []string{"//a: b", "//:c"}},
	{"nothing", "", nil},
	{"half a mark", "\xef\xbbdata: a\n\n", nil},
}

func readEvents(r io.Reader, limit int64) (all []string, err error) {
	events := newEventReader(r, limit)
	for {
		e, err := events.next()
		if err != nil {
			return all, err
		}
		all = append(all, e.name+"/"+string(e.id)+"/"+string(e.data))
	}
}

func TestEventReader(t *testing.T) {
	t.Parallel()
	for _, tt := range eventTable {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for how, r := range map[string]io.Reader{"whole": strings.NewReader(tt.in), "in bytes": iotest.OneByteReader(strings.NewReader(tt.in))} {
				got, err := readEvents(r, 1000)
				if !errors.Is(err, io.EOF) || strings.Join(got, "|") != strings.Join(tt.want, "|") {
					t.Errorf("%s: %q has the events %q and then %v, want %q", how, tt.in, got, err, tt.want)
				}
			}
		})
	}
}

// TestEventReaderLimit holds that no kind of endless event fills the memory.
func TestEventReaderLimit(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"x", "data: x\n", "data\n", "data: ", "id: 1", "event: x", "\u00e9"} {
		events := newEventReader(endless(part), 10_000)
		_, err := events.next()
		if !errors.Is(err, errEventTooLarge) || cap(events.long) > 64<<10 || cap(events.data) > 64<<10 {
			t.Errorf("after %q without end: %v, with %d and %d bytes kept", part, err, cap(events.long), cap(events.data))
		}
	}
}

// endless returns a reader of the text again and again.
func endless(text string) io.Reader {
	return iotest.DataErrReader(readerFunc(func(p []byte) (int, error) {
		for n := range p {
			p[n] = text[n%len(text)]
		}
		return len(p) - len(p)%len(text), nil
	}))
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// asLines has each line break as a LF, which is all that a stream can carry.
func asLines(data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// FuzzEventReader holds that any bytes are read without a panic and within the
// limit, the same in whatever pieces they come, and that an event which is
// written, between whatever events, is read.
func FuzzEventReader(f *testing.F) {
	for _, tt := range eventTable {
		f.Add([]byte(tt.in), "add", "7")
		f.Add([]byte(tt.in), "", "")
	}
	f.Fuzz(func(t *testing.T, in []byte, name, id string) {
		const limit = 1 << 10
		whole, err := readEvents(bytes.NewReader(in), limit)
		pieces, err2 := readEvents(iotest.OneByteReader(bytes.NewReader(in)), limit)
		if strings.Join(whole, "|") != strings.Join(pieces, "|") || len(in) <= limit && !errors.Is(err2, err) {
			t.Fatalf("%q is %q, %v as a whole and %q, %v in pieces", in, whole, err, pieces, err2)
		}
		for _, e := range whole {
			if len(e) > 3*limit+3*4096 {
				t.Fatalf("an event has %d bytes", len(e))
			}
		}
		if !validID(id) || !validID(name) {
			return
		}
		wire := appendEvent(nil, event{name: name, id: []byte(id), data: in})
		want := event{name: name, id: []byte(id), data: asLines(in)}
		events := newEventReader(bytes.NewReader(append(wire, wire...)), int64(len(in))+int64(len(id)+len(name))+100)
		for range 2 {
			got, err := events.next()
			if err != nil || got.name != want.name || !bytes.Equal(got.id, want.id) || !bytes.Equal(got.data, want.data) {
				t.Fatalf("%q is read as %q, %v, want %q", wire, got, err, want)
			}
		}
		if _, err := events.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after %q: %v", wire, err)
		}
	})
}
