package httpx

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync/atomic"

	"github.com/typedkit/endpoint/internal/service"
)

// lineStream is the media type of a request stream: a JSON value on each line.
const lineStream = "application/x-ndjson"

var errLineTooLong = errors.New("a line is too long")

// lineReader reads the lines of a request stream.
type lineReader struct {
	r     *bufio.Reader
	limit int64
	line  []byte
	room  service.Share // that line takes, while the rest of it has not come
	ended atomic.Bool   // all lines were read, by whichever goroutine ranges over them

	peeked bool // ahead and err are what next returns
	ahead  []byte
	err    error
}

func newLineReader(r io.Reader, limit int64, room service.Share) *lineReader {
	return &lineReader{r: bufio.NewReader(r), limit: limit, room: room}
}

// next returns the next line that is not empty, valid until the one after it.
// The last line may lack its end. The error is io.EOF after it.
func (l *lineReader) next() ([]byte, error) {
	if l.peeked {
		l.peeked = false
		return l.ahead, l.err
	}
	for {
		line, err := l.read()
		line = bytes.TrimSpace(line)
		if int64(len(line)) > l.limit {
			return nil, errLineTooLong
		}
		if len(line) > 0 && (err == nil || errors.Is(err, io.EOF)) {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// atEnd reports whether all lines were read. It is safe beside the reading.
func (l *lineReader) atEnd() bool { return l != nil && l.ended.Load() }

// peek reads the next line for next to return, and returns the error of that.
func (l *lineReader) peek() error {
	l.ahead, l.err = l.next()
	l.peeked = true
	return l.err
}

func (l *lineReader) read() ([]byte, error) {
	if l.line = l.line[:0]; cap(l.line) > keepBuffer {
		l.line = nil // nobody pays for it while the next line comes
	}
	defer l.room.Release()
	for {
		chunk, err := l.r.ReadSlice('\n')
		if int64(len(l.line)+len(chunk)) > l.limit+2 { // and its CR LF; next looks closer
			return nil, errLineTooLong
		}
		if len(l.line) == 0 && err == nil { // most lines are whole in the buffer
			return chunk, nil
		}
		if !l.grow(len(chunk)) {
			return nil, errNoRoom
		}
		l.line = append(l.line, chunk...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.line, err
		}
	}
}

// grow makes room for n more bytes of the line. It reports false if there is none.
func (l *lineReader) grow(n int) bool {
	most := int64(cap(l.line))
	if int64(len(l.line)+n) <= most {
		return true
	}
	want := max(2*most, int64(len(l.line)+n))
	if int64(len(l.line)+n) <= freeBuffer {
		want = freeBuffer
	}
	if !l.room.Take(notFree(want) - notFree(most)) {
		return false
	}
	l.line = append(make([]byte, 0, want), l.line...)
	return true
}
