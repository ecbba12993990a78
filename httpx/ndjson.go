package httpx

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lineStream is the media type of a request stream: a JSON value on each line.
const lineStream = "application/x-ndjson"

var errLineTooLong = errors.New("a line is too long")

// lineReader reads the lines of a request stream.
type lineReader struct {
	r     *bufio.Reader
	limit int64
	line  []byte

	peeked bool // ahead and err are what next returns
	ahead  []byte
	err    error
}

func newLineReader(r io.Reader, limit int64) *lineReader {
	return &lineReader{r: bufio.NewReader(r), limit: limit}
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

// peek reads the next line for next to return, and returns the error of that.
func (l *lineReader) peek() error {
	l.ahead, l.err = l.next()
	l.peeked = true
	return l.err
}

func (l *lineReader) read() ([]byte, error) {
	l.line = l.line[:0]
	for {
		chunk, err := l.r.ReadSlice('\n')
		if int64(len(l.line)+len(chunk)) > l.limit+2 { // and its CR LF; next looks closer
			return nil, errLineTooLong
		}
		if len(l.line) == 0 && err == nil { // most lines are whole in the buffer
			return chunk, nil
		}
		l.line = append(l.line, chunk...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.line, err
		}
	}
}
