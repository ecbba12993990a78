package httpx

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"
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
	{"a byte-order mark in the middle", "data: a\n\ufeffdata: b\n\n", []string{"//a"}},
	{"a byte-order mark alone", "\ufeff", nil},
	{"a CR at the end", "data: a\r\r", []string{"//a"}},
	{"a CR between two chunks of lines", "data: a\r\n\r", []string{"//a"}},
	{"comments alone", ":\n\n: x\n\n::\r\r", nil},
	{"a comment in an event", "data: a\n: data: b\ndata: c\n\n", []string{"//a\nc"}},
	{"a name in other letters", "Data: a\nDATA: b\n data: c\ndata : d\n\n", nil},
	{"an empty name", "event: x\nevent:\ndata: a\n\n", []string{"//a"}},
	{"a name without a colon", "event: x\nevent\ndata: a\n\n", []string{"//a"}},
	{"the last of two names and ids", "event: x\nid: 1\nevent: y\nid: 2\ndata: a\n\n", []string{"y/2/a"}},
	{"a name without data is forgotten", "event: x\n\ndata: a\n\n", []string{"//a"}},
	{"a tab is not cut", "data:\ta\n\n", []string{"//\ta"}},
	{"blank lines", "\n\r\n\rdata: a\n\n\n\n", []string{"//a"}},
	{"no blank line at the end", "data: a\n\ndata: b\n", []string{"//a"}},
	{"half a mark", "\xef\xbbdata: a\n\n", nil},
}

func newEventReader(r io.Reader, limit int64) *eventReader {
	events := new(eventReader)
	events.connect(r, limit)
	return events
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

// TestLastEventID holds which id the next request has, as the HTML standard says: "the
// last event ID string" is set at the end of a block, with or without data.
func TestLastEventID(t *testing.T) {
	t.Parallel()
	const none = "none"
	tests := map[string]struct{ in, want string }{
		"none":                        {"data: a\n\n", none},
		"with data":                   {"id: 7\ndata: a\n\n", "7"},
		"alone":                       {"id: 7\ndata: a\n\nid: 8\n\n", "8"},
		"alone, and first":            {"id: 8\n\n", "8"},
		"empty":                       {"id: 7\ndata: a\n\nid:\ndata: b\n\n", ""},
		"empty and alone":             {"id: 7\ndata: a\n\nid: \n\n", ""},
		"without a colon":             {"id: 7\ndata: a\n\nid\n\n", ""},
		"with a NUL":                  {"id: 7\ndata: a\n\nid: 8\x00\ndata: b\n\n", "7"},
		"a NUL after another":         {"id: 7\nid: 8\x00\n\n", "7"},
		"twice":                       {"id: 1\nid: 2\n\n", "2"},
		"of an event without one":     {"id: 7\n\ndata: a\n\n", "7"},
		"of an event without an end":  {"id: 7\n\nid: 8\ndata: a\n", "7"},
		"of an event of another kind": {"id: 7\n\nevent: x\nid: 8\ndata: a\n\n", "8"},
		"of an error":                 {"id: 7\n\nevent: error\nid: 8\ndata: a\n\n", "8"},
		"with spaces":                 {"id:  a b\n\n", " a b"},
		"in another script":           {"id: \u00e9\n\n", "\u00e9"},
		"the longest":                 {"id: " + strings.Repeat("x", 4<<10) + "\n\n", strings.Repeat("x", 4<<10)},
		"too long for a header":       {"id: 7\n\nid: " + strings.Repeat("x", 4<<10+1) + "\n\n", none},
		"not text":                    {"id: 7\n\nid: \x01\n\n", none},
		"a good one after a bad one":  {"id: \x7f\n\nid: 8\n\n", "8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := newEventReader(strings.NewReader(tt.in), 10_000)
			for range 2 { // and it outlives the connection
				for {
					if _, err := events.next(); err != nil {
						break
					}
				}
				got := none
				if events.lastID != nil {
					got = string(events.lastID)
				}
				if got != tt.want {
					t.Errorf("after %.40q, the last id is %.40q, want %.40q", tt.in, got, tt.want)
				}
				events.connect(strings.NewReader("\ufeffdata: a\n\nid: 9\ndata: b"), 10_000)
			}
		})
	}
}

// TestRetryField holds what a field "retry" does, which needs no end of its event.
func TestRetryField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want time.Duration
	}{
		"none":            {"data: a\n\n", 0},
		"a number":        {"retry: 1500\n\n", 1500 * time.Millisecond},
		"without a space": {"retry:1500\n", 1500 * time.Millisecond},
		"zeros":           {"retry: 0015\n", 15 * time.Millisecond},
		"zero":            {"retry: 5\nretry: 0\n", 0},
		"the last":        {"retry: 5\n\nretry: 6\ndata: a\n\n", 6 * time.Millisecond},
		"in an event":     {"event: x\nretry: 7\ndata: a\n\n", 7 * time.Millisecond},
		"a minute":        {"retry: 60000\n", time.Minute},
		"longer":          {"retry: 60001\n", time.Minute},
		"three years":     {"retry: 99999999999\n", time.Minute},
		"more than fits":  {"retry: " + strings.Repeat("9", 500) + "\n", time.Minute},
		"of an error":     {"retry: 5\n\nevent: error\nretry: 7\ndata: a\n\n", 5 * time.Millisecond},
		"empty":           {"retry: 5\nretry:\n", 5 * time.Millisecond},
		"without a colon": {"retry: 5\nretry\n", 5 * time.Millisecond},
		"a sign":          {"retry: 5\nretry: -1\nretry: +1\n", 5 * time.Millisecond},
		"a fraction":      {"retry: 5\nretry: 1.5\n", 5 * time.Millisecond},
		"an exponent":     {"retry: 5\nretry: 1e3\n", 5 * time.Millisecond},
		"a unit":          {"retry: 5\nretry: 10s\n", 5 * time.Millisecond},
		"spaces":          {"retry: 5\nretry:  6\nretry: 6 \n", 5 * time.Millisecond},
		"other digits":    {"retry: 5\nretry: \u0666\n", 5 * time.Millisecond},
		"no line end":     {"retry: 5\nretry: 6", 5 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := newEventReader(strings.NewReader(tt.in), 1000)
			for {
				if _, err := events.next(); err != nil {
					break
				}
			}
			if events.retry != tt.want {
				t.Errorf("after %.40q, the reconnection time is %v, want %v", tt.in, events.retry, tt.want)
			}
		})
	}
}

func TestAppendRetry(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "", 1: "retry: 1\n", time.Millisecond: "retry: 1\n", 1500*time.Millisecond + 1: "retry: 1501\n",
		math.MaxInt64: "retry: 9223372036855\n", -time.Second: "",
	} {
		got := string(appendEvent(nil, event{name: "error", data: []byte("{}"), retry: d}))
		if got != "event: error\n"+want+"data: {}\n\n" {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
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
				t.Fatalf("%q is read as %+v, %v, want %+v", wire, got, err, want)
			}
		}
		if _, err := events.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after %q: %v", wire, err)
		}
	})
}
