package netrpcx

import (
	"bufio"
	"encoding"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

// gobForm returns why gob has no form for a type of messages, or nil. A type that contains
// itself has none here: a Decoder follows it as deeply as a message has bytes, on the stack.
func gobForm(t reflect.Type) error {
	if recurs(t, nil) {
		return fmt.Errorf("%s contains itself, and gob does not bound how deeply; use the option JSON", t)
	}
	v := reflect.New(t)
	if t.Kind() == reflect.Pointer {
		v = reflect.New(t.Elem())
	}
	return shell.Guard(nil, func() error { return gob.NewEncoder(io.Discard).EncodeValue(v) })
}

// recurs reports whether a type that is inside those around it contains one of them.
func recurs(t reflect.Type, around []reflect.Type) bool {
	p := reflect.PointerTo(t)
	switch {
	case slices.Contains(around, t):
		return true
	case p.Implements(reflect.TypeFor[gob.GobDecoder]()), p.Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]()):
		return false
	}
	around = append(slices.Clip(around), t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return recurs(t.Elem(), around)
	case reflect.Map:
		return recurs(t.Key(), around) || recurs(t.Elem(), around)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() && recurs(f.Type, around) {
				return true
			}
		}
	}
	return false
}

// gobWire is the wire of net/rpc. A message of the protocol is two values of gob.
type gobWire struct {
	frames frames
	dec    *gob.Decoder
	out    messages
	enc    *gob.Encoder
	server bool

	req  request  // for the encoder, and no other use
	resp response // the same
	head []byte   // the last header, whose memory is used again
}

func newGobWire(s *source, server bool) *gobWire {
	w := &gobWire{server: server}
	w.frames = frames{source: s, r: bufio.NewReader(s)}
	w.dec, w.enc = gob.NewDecoder(&w.frames), gob.NewEncoder(&w.out)
	return w
}

func (w *gobWire) readHeader(h *header) error {
	if err := w.frames.begin(); err != nil {
		return err
	}
	w.frames.limit = maxHeader
	err := w.dec.Decode(h)
	if errors.Is(err, errSkipped) {
		return errHeader
	}
	return err
}

func (w *gobWire) readBody(into any, _ codec.Format, limit int64) (int64, error) {
	w.frames.limit, w.frames.whole, w.frames.size = limit, false, 0
	err := shell.Guard(nil, func() error { return w.dec.Decode(into) })
	switch {
	case err == nil:
	case errors.Is(err, errSkipped):
		err = &bodyError{w.frames.refusal}
	case w.frames.whole: // it came, and is not a value of this type
		err = &bodyError{unreadable(err)}
	}
	return w.frames.size, err
}

// unreadable returns the error of a body that cannot be read. A panic stays one.
func unreadable(err error) error {
	if p, ok := errors.AsType[*endpoint.PanicError](err); ok {
		return p
	}
	return codec.ErrInvalid.WithCause(mark.Unshown(err))
}

func (w *gobWire) encode(v any, _ codec.Format) ([]byte, error) { return w.encodeInto(nil, v) }

// encodeInto is encode with memory that the value may use.
func (w *gobWire) encodeInto(memory []byte, v any) ([]byte, error) {
	w.out.value, w.out.memory = nil, memory
	err := w.enc.Encode(v)
	return w.out.finish(err == nil), err
}

// nothing is the body of an error, as net/rpc sends it.
type nothing struct{}

// request and response are the headers, with the names of net/rpc.
type (
	request struct {
		ServiceMethod string
		Seq           uint64
	}
	response struct {
		ServiceMethod string
		Seq           uint64
		Error         string
	}
)

func (w *gobWire) append(dst []byte, h *header, body []byte) ([]byte, error) {
	var v any = &w.req
	if w.server {
		w.resp, v = response{h.ServiceMethod, h.Seq, h.Error}, &w.resp
	} else {
		w.req = request{h.ServiceMethod, h.Seq}
	}
	head, err := w.encodeInto(w.head, v)
	w.head = reusable(head)
	if err == nil && body == nil {
		body, err = w.encode(nothing{}, nil)
	}
	if err != nil {
		return dst, err
	}
	dst = append(dst, w.out.types...)
	w.out.types = nil
	return append(append(dst, head...), body...), nil
}

// messages collects what an Encoder writes. It makes one Write of each message of gob: first
// the descriptions of types that are new, and then the value.
type messages struct {
	types  []byte // that were not sent
	value  []byte // the last message
	memory []byte // of value
}

func (m *messages) Write(p []byte) (int, error) {
	m.types = append(m.types, m.value...)
	m.value = append(m.memory[:0], p...)
	return len(p), nil
}

// finish returns the value. Without a value, even the last message describes a type, which
// must be sent all the same: the Encoder sends it once.
func (m *messages) finish(ok bool) []byte {
	if !ok {
		m.types = append(m.types, m.value...)
		m.value = nil
	}
	return m.value
}

var errSkipped = errors.New("the message was skipped")

// frames passes the messages of gob to a Decoder, one by one, and bounds them before any
// memory is used for them.
type frames struct {
	*source
	r     *bufio.Reader
	last  []byte // the last message, whose memory is used again
	rest  []byte // of it, what has not been passed on
	types int64  // bytes of descriptions so far

	limit   int64 // of a value
	size    int64 // of the last value
	whole   bool  // it was passed on
	refusal error // why it was skipped
}

// Read passes on a part of a message.
func (f *frames) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// ReadByte keeps the Decoder from putting a buffer around f.
func (f *frames) ReadByte() (byte, error) {
	var b [1]byte
	_, err := f.Read(b[:])
	return b[0], err
}

// next reads the next message.
func (f *frames) next() error {
	n, err := f.readCount()
	if err != nil {
		return err
	}
	isType, err := f.peekType()
	if err != nil {
		return err
	}
	if isType {
		if f.types += n; n > maxTypes || f.types > maxTypes {
			return errTypes
		}
	} else if err := f.admit(n, int64(len(f.last))+n); err != nil {
		return err
	}
	message, ok, err := f.take(f.last, f.r, n)
	f.last = message
	switch {
	case err != nil:
		return err
	case !ok && isType:
		return errNoRoom
	case !ok:
		f.refusal = errNoRoom
		return errSkipped
	}
	f.rest, f.whole = message, !isType
	return nil
}

// admit checks the size of a value. One that is too large is skipped.
func (f *frames) admit(n, size int64) error {
	f.size = size
	if size <= f.limit {
		return nil
	}
	if size > f.limit+maxSkip {
		return tooLarge(f.limit)
	}
	f.refusal = tooLarge(f.limit)
	if _, err := io.CopyN(io.Discard, f.r, n); err != nil {
		return fmt.Errorf("%w", err)
	}
	return errSkipped
}

// readCount reads the size of a message, an unsigned integer of gob. Its bytes are the first
// of the message.
func (f *frames) readCount() (n int64, err error) {
	f.last = reusable(f.last)
	first, err := f.r.ReadByte()
	if err != nil {
		return 0, err
	}
	f.last = append(f.last, first)
	if first <= 0x7f {
		return int64(first), nil
	}
	width := -int(int8(first)) //nolint:gosec // that is how gob writes it
	if width > 8 {
		return 0, errBroken
	}
	u := uint64(0)
	for range width {
		b, err := f.r.ReadByte()
		if err != nil {
			return 0, midway(err)
		}
		f.last, u = append(f.last, b), u<<8|uint64(b)
	}
	if u > 1<<40 {
		return 0, errBroken
	}
	return int64(u), nil
}

// peekType reports whether the message that comes describes a type: its first integer is then
// negative, of which the lowest bit is set.
func (f *frames) peekType() (bool, error) {
	first, err := f.r.Peek(1)
	if err != nil {
		return false, midway(err)
	}
	if first[0] <= 0x7f {
		return first[0]&1 == 1, nil
	}
	width := -int(int8(first[0])) //nolint:gosec // that is how gob writes it
	if width > 8 {
		return false, errBroken
	}
	all, err := f.r.Peek(1 + width)
	if err != nil {
		return false, midway(err)
	}
	return all[width]&1 == 1, nil
}

// midway returns the error of a read within a message.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
