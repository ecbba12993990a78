package httpx

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// eventStream is the media type of a response stream: server-sent events, as the
// HTML standard has them.
const eventStream = "text/event-stream"

// event is one server-sent event. Its slices are valid until the next one.
type event struct {
	name  string // empty for an item
	id    []byte
	data  []byte
	retry time.Duration // of an error: how long the reader is asked to wait
}

// The events that are no items.
const (
	endEvent   = "end"
	errorEvent = "error"
)

// appendEvent appends an event in its form on the wire. An id holds no line
// break; see validID.
func appendEvent(dst []byte, e event) []byte {
	if e.name != "" {
		dst = append(append(append(dst, "event: "...), e.name...), '\n')
	}
	if ms := inMilliseconds(e.retry); ms > 0 {
		dst = append(strconv.AppendInt(append(dst, "retry: "...), ms, 10), '\n')
	}
	if len(e.id) > 0 {
		dst = append(append(append(dst, "id: "...), e.id...), '\n')
	}
	if lineEnd(e.data) < 0 { // as JSON is
		return append(append(append(dst, "data: "...), e.data...), "\n\n"...)
	}
	for rest, more := e.data, true; more; {
		var line []byte
		line, rest, more = cutLine(rest)
		dst = append(append(append(dst, "data: "...), line...), '\n')
	}
	return append(dst, '\n')
}

// inMilliseconds rounds up: earlier is too early.
func inMilliseconds(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}

// cutLine cuts b after its first line, which ends with a LF, a CR, or both: a CR
// that went out as it is would end the line, too, at the reader.
func cutLine(b []byte) (line, rest []byte, more bool) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil, false
	}
	line, rest = b[:i], b[i+1:]
	if b[i] == '\r' && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return line, rest, true
}

// lineEnd returns where the first line of b ends, or -1.
func lineEnd(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i >= 0 {
		b = b[:i]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return i
}

// validID says that a text can be the id of an event.
func validID(id string) bool {
	for i := range len(id) {
		if id[i] == '\n' || id[i] == '\r' || id[i] == 0 {
			return false
		}
	}
	return true
}

var errEventTooLarge = errors.New("an event is too large")

// eventReader reads the server-sent events of a stream, over one connection after
// the other. See decision 160.
type eventReader struct {
	r     *bufio.Reader
	limit int64
	line  []byte // of the buffer, or of long
	long  []byte // a line in several pieces
	id    []byte // of the event that is being read
	data  []byte
	first bool // nothing was read: a byte-order mark may come
	cr    bool // the last line ended with a CR, whose LF may come

	// lastID is the id after which the stream goes on. It is empty if the server has
	// cleared it, and nil if there is none, or none that a header can hold.
	lastID []byte
	room   [24]byte      // for lastID
	retry  time.Duration // the reconnection time, zero unless the server has set it
}

// connect makes e read from r.
func (e *eventReader) connect(r io.Reader, limit int64) {
	if e.r == nil {
		e.r = bufio.NewReader(r)
	} else {
		e.r.Reset(r)
	}
	e.limit, e.first, e.cr = limit, true, false
}

// next returns the next event that has data. Its error is io.EOF at the end of
// the stream, whatever was read of an event that has no end.
func (e *eventReader) next() (event, error) {
	var ev event
	e.data = e.data[:0]
	hasData, hasID, retry := false, false, e.retry
	for {
		if err := e.readLine(); err != nil {
			return event{}, err
		}
		if len(e.line) == 0 {
			if hasID { // with or without data
				e.setLastID()
			}
			if hasData {
				ev.data = e.data
				if ev.name == errorEvent { // which speaks of this end, and of no later one
					ev.retry, e.retry = e.retry, retry
				}
				return ev, nil
			}
			ev, hasID, retry = event{}, false, e.retry
			continue
		}
		field, value, _ := bytes.Cut(e.line, []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(field) {
		case "event":
			ev.name = string(value)
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				e.id = append(e.id[:0], value...)
				ev.id, hasID = e.id, true
			}
		case "retry":
			e.setRetry(value)
		case "data":
			if hasData {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			hasData = true
		}
		if int64(len(e.data)) > e.limit {
			return event{}, errEventTooLarge
		}
	}
}

// maxLastID is the length of the longest id that is sent back to a server. Many
// servers refuse a header of more than 8 KiB.
const maxLastID = 4 << 10

// setLastID makes the id of the event that was read the last one.
func (e *eventReader) setLastID() {
	if len(e.id) > maxLastID || bytes.ContainsFunc(e.id, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		e.lastID = nil // going on after an older one would repeat items
		return
	}
	if e.lastID == nil {
		e.lastID = e.room[:0]
	}
	e.lastID = append(e.lastID[:0], e.id...)
}

// setRetry sets the reconnection time to a number of milliseconds, of any length. It
// ignores a value that has anything but digits.
func (e *eventReader) setRetry(value []byte) {
	ms := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			return
		}
		ms = min(10*ms+int64(c-'0'), longestAsked.Milliseconds())
	}
	if len(value) > 0 {
		e.retry = time.Duration(ms) * time.Millisecond
	}
}

const byteOrderMark = "\ufeff"

// readLine reads up to a LF, a CR, or both. The line is valid until the next one.
func (e *eventReader) readLine() error {
	e.line, e.long = nil, e.long[:0]
	for {
		if _, err := e.r.Peek(1); err != nil {
			return err
		}
		chunk, _ := e.r.Peek(e.r.Buffered())
		if e.cr {
			e.cr = false
			if chunk[0] == '\n' {
				_, _ = e.r.Discard(1)
				continue
			}
		}
		if e.first {
			e.first = false
			if chunk[0] == byteOrderMark[0] {
				if mark, _ := e.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
					_, _ = e.r.Discard(len(byteOrderMark))
				}
				continue
			}
		}
		part, n, ended := chunk, len(chunk), false
		if i := lineEnd(chunk); i >= 0 {
			part, n, ended = chunk[:i], i+1, true
			e.cr = chunk[i] == '\r'
		}
		_, _ = e.r.Discard(n)
		if len(e.long) == 0 && ended {
			e.line = part
		} else {
			e.long = append(e.long, part...)
			e.line = e.long
		}
		if int64(len(e.line)) > e.limit+64 { // in whatever pieces it came
			return errEventTooLarge
		}
		if ended {
			return nil
		}
	}
}
