package grpcx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// codecFormat is a format and the content-subtype that it goes by.
type codecFormat struct {
	codec.Format
	subtype string
}

// subtypeOf returns the content-subtype of a format: what gRPC has after
// "application/grpc+", which is the subtype of its media type without the
// prefixes "x-" and "vnd.".
func subtypeOf(f codec.Format) (string, error) {
	_, sub, ok := strings.Cut(strings.ToLower(f.MediaType()), "/")
	sub = strings.TrimPrefix(strings.TrimPrefix(sub, "x-"), "vnd.")
	if sub == "protobuf" {
		sub = "proto"
	}
	if !ok || sub == "" || strings.ContainsAny(sub, " ;+/") {
		return "", fmt.Errorf("the format's media type %q has no content-subtype of gRPC", f.MediaType())
	}
	return sub, nil
}

// compile returns the formats made ready for values of type t.
func compile(formats []codec.Format, t reflect.Type, opts codec.Options) ([]codecFormat, []error) {
	var faults []error
	compiled := make([]codecFormat, 0, len(formats))
	for _, f := range formats {
		subtype, err := subtypeOf(f)
		if err == nil && slices.ContainsFunc(compiled, func(c codecFormat) bool { return c.subtype == subtype }) {
			err = fmt.Errorf("two formats have the content-subtype %q", subtype)
		}
		if c, ok := f.(codec.Compiler); ok && err == nil {
			f, err = c.Compile(t, opts)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		compiled = append(compiled, codecFormat{f, subtype})
	}
	return compiled, faults
}

// formatOf returns which of the formats a request is in, by its content type,
// which grpc-go has checked to be one of gRPC.
func formatOf(formats []codecFormat, contentType string) (int, error) {
	subtype := strings.TrimPrefix(strings.ToLower(contentType), "application/grpc")
	subtype, _, _ = strings.Cut(strings.TrimLeft(subtype, "+;"), ";")
	for i, f := range formats {
		if f.subtype == subtype {
			return i, nil
		}
	}
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, "application/grpc+"+f.subtype)
	}
	return 0, ErrUnsupportedMediaType.With("unsupported media type; accepted: %s", strings.Join(names, ", "))
}

// RegisterFormats tells grpc-go of the content-subtypes of formats. There is no
// need for it: without it grpc-go warns, at each call of a server, that it knows
// no codec of the name, and goes on as it should. A program that shows grpc-go's
// warnings calls it first of all: as encoding.RegisterCodecV2 demands, no server
// and no client may run yet. A name that has a codec keeps it.
func RegisterFormats(formats ...codec.Format) error {
	var faults []error
	for _, f := range formats {
		if f == nil {
			faults = append(faults, errors.New("grpcx: RegisterFormats: a nil format"))
			continue
		}
		subtype, err := subtypeOf(f)
		if err != nil {
			faults = append(faults, fmt.Errorf("grpcx: RegisterFormats: %w", err))
			continue
		}
		if !registered(subtype) {
			encoding.RegisterCodecV2(boxCodec{codecFormat{f, subtype}})
		}
	}
	return errors.Join(faults...)
}

func registered(subtype string) bool {
	return encoding.GetCodecV2(subtype) != nil || encoding.GetCodec(subtype) != nil
}

// checkRegistered says why a codec that the program registered under the name
// cannot carry what is encoded already.
func checkRegistered(subtype string) (err error) {
	marshal, unmarshal := registeredCodec(subtype)
	if marshal == nil {
		return nil
	}
	defer func() {
		if recover() != nil || err != nil {
			err = fmt.Errorf("the codec that the program registered for %q takes no messages but its own, so no endpoint can speak %q", subtype, subtype)
		}
	}()
	const sample = `{"a":1}`
	data, err := marshal(newOutbox([]byte(sample)))
	if err != nil {
		return err
	}
	in := inbox{format: &codecFormat{Format: anything{}}, into: new([]byte), Message: nothing}
	if err := unmarshal(data, &in); err != nil {
		return err
	}
	if in.err != nil || in.size != len(sample) {
		return errors.New("it changed the message")
	}
	return nil
}

func registeredCodec(subtype string) (marshal func(any) ([]byte, error), unmarshal func([]byte, any) error) {
	if c := encoding.GetCodec(subtype); c != nil {
		return c.Marshal, c.Unmarshal
	}
	c := encoding.GetCodecV2(subtype)
	if c == nil {
		return nil, nil
	}
	marshal = func(v any) ([]byte, error) {
		data, err := c.Marshal(v)
		return data.Materialize(), err
	}
	return marshal, func(data []byte, v any) error {
		return c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, v)
	}
}

// anything is a format that reads everything.
type anything struct{}

func (anything) MediaType() string                        { return "application/octet-stream" }
func (anything) Append(dst []byte, _ any) ([]byte, error) { return dst, nil }
func (anything) Decode(src []byte, v any) error           { *v.(*[]byte) = src; return nil }

// boxCodec is what RegisterFormats registers: a codec of boxes, and of values
// by its format for whoever else finds it. See decision 53.
type boxCodec struct{ codecFormat }

func (c boxCodec) Name() string { return c.subtype }

func (c boxCodec) Marshal(v any) (mem.BufferSlice, error) {
	if b, ok := v.(*outbox); ok {
		return mem.BufferSlice{mem.SliceBuffer(b.data)}, nil
	}
	return appendBuffer(&c.codecFormat, v)
}

func (c boxCodec) Unmarshal(data mem.BufferSlice, v any) error {
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	if b, ok := v.(*inbox); ok {
		b.fill(buf.ReadOnlyData())
		b.describe()
		return nil
	}
	return c.Decode(buf.ReadOnlyData(), v)
}

func appendBuffer(f *codecFormat, v any) (mem.BufferSlice, error) {
	data, err := f.Append(nil, v)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(data)}, nil
}

// callCodec is the codec of one call of a client, by its formats. It keeps what
// went wrong, which grpc-go makes a text of.
type callCodec struct {
	writes, reads *codecFormat
	call          *endpoint.CallWriter
	unary         bool
	ignores       bool  // the response is Empty, whatever the message
	sending       error // of the goroutine that sends
	reading       error // of the one that receives
	panicked      any   // what a format panicked with, of a unary call; see catch
}

// catch is deferred, and keeps a panic of a format until grpc-go has returned from a
// unary call. A panic that went through grpc-go would leave the stream open, and the
// server waiting for the request.
func (c *callCodec) catch(err *error) {
	if !c.unary {
		return
	}
	if c.panicked = recover(); c.panicked != nil {
		*err = errPanicked
	}
}

var errPanicked = errors.New("the format panicked")

// unsent is why a message could not be written. A nil codec has written none.
func (c *callCodec) unsent() error {
	if c == nil {
		return nil
	}
	return c.sending
}

// unread is why a message could not be read.
func (c *callCodec) unread() error {
	if c == nil {
		return nil
	}
	return c.reading
}

func (c *callCodec) Name() string { return c.writes.subtype }

func (c *callCodec) Marshal(v any) (_ mem.BufferSlice, err error) {
	defer c.catch(&err)
	data, err := appendBuffer(c.writes, v)
	if err != nil {
		c.sending = err
		return nil, err
	}
	c.call.AddBytes(int64(data.Len()), 0)
	return data, nil
}

func (c *callCodec) Unmarshal(data mem.BufferSlice, v any) (err error) {
	defer c.catch(&err)
	c.call.AddBytes(0, int64(data.Len()))
	if c.ignores {
		return nil
	}
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	err = c.reads.Decode(buf.ReadOnlyData(), v)
	if err != nil {
		c.reading = err
	}
	return err
}
