package httpx

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/typedkit/endpoint/internal/service"
)

// FuzzLineReader holds that any bytes are read within the limit, as the lines
// that they are.
func FuzzLineReader(f *testing.F) {
	for _, in := range []string{"", "\n", "{}", "{}\n", "{\"a\":1}\r\n\r\n{}\n", " \t\n1\n2", "1\r2\n", strings.Repeat("x", 99) + "\n1", strings.Repeat("\n", 99)} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 50
		var want []string
		tooLong := false
		for l := range bytes.SplitSeq(in, []byte("\n")) {
			raw := len(l)
			l = bytes.TrimSpace(l)
			if tooLong = raw > limit+1 || len(l) > limit; tooLong {
				break
			}
			if len(l) > 0 {
				want = append(want, string(l))
			}
		}
		lines := newLineReader(iotest.OneByteReader(bytes.NewReader(in)), limit, service.Share{})
		var got []string
		for {
			l, err := lines.next()
			if err != nil {
				if tooLong != errors.Is(err, errLineTooLong) && !errors.Is(err, io.EOF) {
					t.Fatalf("%q ends with %v", in, err)
				}
				break
			}
			got = append(got, string(l))
		}
		if len(got) < len(want) || strings.Join(got[:len(want)], "|") != strings.Join(want, "|") {
			t.Fatalf("%q has the lines %q, want %q", in, got, want)
		}
		if cap(lines.line) > 8<<10 {
			t.Fatalf("a line of at most %d bytes takes %d", limit, cap(lines.line))
		}
	})
}

// TestBrokenLine holds that what came of a line before a break is none.
func TestBrokenLine(t *testing.T) {
	t.Parallel()
	lines := newLineReader(io.MultiReader(strings.NewReader("1\n{}"), iotest.ErrReader(io.ErrUnexpectedEOF)), 100, service.Share{})
	if l, err := lines.next(); string(l) != "1" || err != nil {
		t.Errorf("the first line is %q, %v", l, err)
	}
	if l, err := lines.next(); l != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the broken line is %q, %v", l, err)
	}
}

// TestLineLimit has lines of just the limit, with either end, and of a byte more.
func TestLineLimit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"12345\n": nil, "12345\r\n": nil, "12345": nil, " 12345\n": nil,
		"123456\n": errLineTooLong, "123456": errLineTooLong, "1234567\r\n": errLineTooLong,
	} {
		if _, err := newLineReader(strings.NewReader(in), 5, service.Share{}).next(); !errors.Is(err, want) {
			t.Errorf("%q within 5 bytes: %v, want %v", in, err, want)
		}
	}
}
