package thriftx

import (
	"context"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
)

// An exception is a TApplicationException, with the details of an error in a field that
// other readers skip, because they do not know it. See decision 194.
type exception struct {
	text    string
	kind    int32
	details string // a problem document; "" for none
}

// The fields of an exception.
const (
	textField    = 1
	kindField    = 2
	detailsField = 100
)

// exceptionOf returns what is sent for an error.
func exceptionOf(e *endpoint.Error) *exception {
	out := &exception{text: problem.Text(e), kind: thrift.INTERNAL_ERROR}
	if len(e.Violations()) > 0 || len(e.Help()) > 0 || len(e.Meta()) > 0 || e.RetryAfter() > 0 {
		out.details = string(problem.Append(nil, e, 0, ""))
	}
	return out
}

// Write writes e.
func (e *exception) Write(ctx context.Context, p thrift.TProtocol) error {
	w := fieldWriter{ctx: ctx, p: p}
	w.do(func() error { return p.WriteStructBegin(ctx, "TApplicationException") })
	w.field("message", thrift.STRING, textField, func() error { return p.WriteString(ctx, e.text) })
	w.field("type", thrift.I32, kindField, func() error { return p.WriteI32(ctx, e.kind) })
	if e.details != "" {
		w.field("details", thrift.STRING, detailsField, func() error { return p.WriteString(ctx, e.details) })
	}
	w.do(func() error { return p.WriteFieldStop(ctx) })
	w.do(func() error { return p.WriteStructEnd(ctx) })
	return w.err
}

// A fieldWriter writes until something fails.
type fieldWriter struct {
	ctx context.Context //nolint:containedctx // of one call of Write
	p   thrift.TProtocol
	err error
}

func (w *fieldWriter) do(f func() error) {
	if w.err == nil {
		w.err = f()
	}
}

func (w *fieldWriter) field(name string, t thrift.TType, id int16, value func() error) {
	w.do(func() error { return w.p.WriteFieldBegin(w.ctx, name, t, id) })
	w.do(value)
	w.do(func() error { return w.p.WriteFieldEnd(w.ctx) })
}

// Read reads e.
func (e *exception) Read(ctx context.Context, p thrift.TProtocol) error {
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, t, id, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if t == thrift.STOP {
			return p.ReadStructEnd(ctx)
		}
		if err := e.readField(ctx, p, t, id); err != nil {
			return err
		}
		if err := p.ReadFieldEnd(ctx); err != nil {
			return err
		}
	}
}

func (e *exception) readField(ctx context.Context, p thrift.TProtocol, t thrift.TType, id int16) (err error) {
	switch {
	case id == textField && t == thrift.STRING:
		e.text, err = p.ReadString(ctx)
	case id == kindField && t == thrift.I32:
		e.kind, err = p.ReadI32(ctx)
	case id == detailsField && t == thrift.STRING:
		e.details, err = p.ReadString(ctx)
	default:
		err = p.Skip(ctx, t)
	}
	return err
}

// toError returns the error of an exception that came from a server. A text of another
// form than ours is the message of an Unknown error.
func (e *exception) toError() *endpoint.Error {
	if d, ok := problem.Read([]byte(e.details), false); ok && d.Code != "" {
		return d.ToError(nil)
	}
	out, ok := problem.FromText(e.text)
	if !ok && e.kind == thrift.UNKNOWN_METHOD {
		return endpoint.FromWire(endpoint.Unimplemented, "", "", out.Message())
	}
	return out
}
