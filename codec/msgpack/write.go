package msgpack

import (
	"time"

	"github.com/typedkit/endpoint/codec/internal/items"
	"github.com/vmihailenco/msgpack/v5"
)

// writer appends items by the library's encoder. Its methods that return no
// error drop the encoder's: a buffer takes everything.
type writer struct {
	buf []byte
	enc *msgpack.Encoder
}

func (wire) NewWriter() items.Writer {
	w := &writer{}
	w.enc = msgpack.NewEncoder(w)
	w.enc.UseCompactInts(true)
	return w
}

// Write is for the encoder.
func (w *writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// WriteByte is for the encoder.
func (w *writer) WriteByte(c byte) error {
	w.buf = append(w.buf, c)
	return nil
}

func (w *writer) Buffer() *[]byte { return &w.buf }

func (w *writer) Null() { _ = w.enc.EncodeNil() }

func (w *writer) Bool(b bool) { _ = w.enc.EncodeBool(b) }

func (w *writer) Int(n int64) { _ = w.enc.EncodeInt(n) }

func (w *writer) Uint(n uint64) { _ = w.enc.EncodeUint(n) }

func (w *writer) Float32(f float32) { _ = w.enc.EncodeFloat32(f) }

func (w *writer) Float64(f float64) { _ = w.enc.EncodeFloat64(f) }

func (w *writer) Text(s string) { _ = w.enc.EncodeString(s) }

// Bytes writes nil as no bytes, where the encoder would write null.
func (w *writer) Bytes(b []byte) {
	_ = w.enc.EncodeBytesLen(len(b))
	w.buf = append(w.buf, b...)
}

func (w *writer) Array(n int) { _ = w.enc.EncodeArrayLen(n) }

func (w *writer) Map(n int) { _ = w.enc.EncodeMapLen(n) }

func (w *writer) Time(t time.Time) error { return w.enc.EncodeTime(t) }

func (w *writer) Own(v any) error { return w.enc.Encode(v) }
