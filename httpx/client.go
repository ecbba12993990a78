package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// maxErrorBody is how much of the body of an error a client reads.
const maxErrorBody = 1 << 20

// Client sets every endpoint of svc to a call of the server behind to, as its
// method HTTP describes it. to is one server ([To]) or a pool of them. Its error
// joins all that is wrong, each naming its place, and then nothing was set.
//
// Errors of calls are *endpoint.Error: those that the server answered are
// Remote and match those it declares; others are Canceled, DeadlineExceeded, or
// Unavailable when the server could not be reached or broke off. An error of a
// call that is not idempotent and may have been sent is not retryable.
func Client(to endpoint.Target[*Conn], svc Service, opts ...Option) error {
	b := newBuild(endpoint.ClientSide, svc, opts)
	b.Target(to)
	if err := b.Err(); err != nil {
		return err
	}
	for _, rt := range b.routes {
		c := &client{rt: rt, target: to, accept: rt.writes[0] + ", " + problemType}
		if t, ok := to.(interface {
			For(op *endpoint.Operation) endpoint.Target[*Conn]
		}); ok {
			c.target = t.For(rt.op)
		}
		rt.connect(c)
	}
	b.SetOmitted()
	return nil
}

// client is one route on the client's side.
type client struct {
	rt     *route
	target endpoint.Target[*Conn]
	accept string // the value of the header: what the route writes, and problems
}

// call returns the endpoint of a route on a client: the Call, the layers, and
// in them one exchange for each attempt.
func call[Req, Resp any](rt *route, c *client) endpoint.Endpoint[Req, Resp] {
	attempt := rt.stack.Wrap(func(ctx context.Context, req Req) (Resp, error) {
		m := &messages[Req, Resp]{req: req}
		if err := c.attempt(ctx, &m.req, &m.resp); err != nil {
			return *new(Resp), err
		}
		return m.resp, nil
	})
	return func(ctx context.Context, req Req) (Resp, error) {
		ctx, _, err := endpoint.StartCall(ctx, rt.op, endpoint.ClientSide, endpoint.Header{}, endpoint.Header{})
		if err != nil {
			return *new(Resp), err
		}
		return attempt(ctx, req)
	}
}

// attempt makes one exchange with the request and the response that the
// pointers point to.
func (c *client) attempt(ctx context.Context, req, resp any) error {
	conn, token, err := c.target.Acquire(ctx)
	if err != nil {
		return err
	}
	err = c.exchange(ctx, conn, req, resp)
	c.target.Release(token, err)
	return err
}

func (c *client) exchange(ctx context.Context, conn *Conn, req, resp any) error {
	call := endpoint.CallFrom(ctx)
	if err := errors.Join(call.AddHeaders(ctx), call.Header().Check()); err != nil {
		return endpoint.ErrorOf(err)
	}
	call.SetPeer(conn.base.Host)
	r, err := c.request(ctx, conn, call, req)
	if err != nil {
		return err
	}
	answer, err := conn.do(r)
	if err != nil {
		return c.failed(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	call.SetStatus(answer.StatusCode)
	call.SetReply(endpoint.HeaderView(answer.Header, endpoint.HTTPForm))
	if !c.succeeds(answer.StatusCode) {
		return c.refused(ctx, call, answer)
	}
	return c.answered(ctx, conn, call, answer, resp)
}

// succeeds says that a status is one of a success: any 2xx, and 304 on a route
// that may answer so.
func (c *client) succeeds(status int) bool {
	if status == http.StatusNotModified {
		return c.rt.opts.status == status || c.rt.out[0].status != nil
	}
	return status >= 200 && status <= 299
}

// request builds the request of a call.
func (c *client) request(ctx context.Context, conn *Conn, call *endpoint.Call, req any) (*http.Request, error) {
	in := c.rt.in[0]
	v := reflect.ValueOf(req).Elem()
	u, err := c.url(conn.base, v)
	if err != nil {
		return nil, err
	}
	h := http.Header(call.Header().Raw()).Clone() // another attempt begins with the same
	if h == nil {
		h = make(http.Header, 4)
	}
	r := (&http.Request{
		Method: c.rt.op.Method, URL: u, Host: u.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if len(in.params) > 0 {
		if err := in.writeHeader(v, r); err != nil {
			return nil, err
		}
	}
	media := in.format
	values := &[2]string{c.accept} // of two headers, in one allocation
	h["Accept"] = values[:1:1]
	if c.rt.hasBody && !in.empty {
		body, err := appendClone(media, in.target(req))
		if err != nil {
			return nil, endpoint.Errorf(endpoint.InvalidArgument, "cannot write the request: %w", err)
		}
		setBody(r, body)
		values[1] = media.MediaType()
		h["Content-Type"] = values[1:]
		call.AddRequestBytes(int64(len(body)))
	} else if c.rt.hasBody {
		r.Body = http.NoBody
	}
	if deadline, ok := ctx.Deadline(); ok {
		h[timeoutHeader] = []string{remaining(deadline)}
	}
	return r, nil
}

// appendClone writes a value into a slice of just its length. It is not one to
// use again: a transport may read a body after the call has ended.
func appendClone(f codec.Format, v any) ([]byte, error) {
	buf := getBuffer()
	body, err := f.Append((*buf)[:0], v)
	clone := bytes.Clone(body)
	putBuffer(buf, body)
	return clone, err
}

// setBody sets a body that can be read again, for redirects and for a
// connection that turns out to be closed.
func setBody(r *http.Request, body []byte) {
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
}

// remaining is the time that is left, in milliseconds, at least one: a call
// whose time is up ends by its context.
func remaining(deadline time.Time) string {
	ms := time.Until(deadline).Milliseconds()
	return strconv.FormatInt(min(max(ms, 1), 9_999_999_999), 10)
}

func (c *client) url(base *url.URL, v reflect.Value) (*url.URL, error) {
	u := *base
	if len(c.rt.in) == 0 || len(c.rt.in[0].params) == 0 { // a request stream has none
		u.Path += c.rt.pattern.text
		if u.RawPath != "" {
			u.RawPath += c.rt.pattern.text
		}
		return &u, nil
	}
	in := c.rt.in[0]
	var room [3][128]byte // on the stack
	escaped, plain, err := in.writePath(&c.rt.pattern, v, append(room[0][:0], base.EscapedPath()...), append(room[1][:0], base.Path...))
	if err != nil {
		return nil, err
	}
	u.Path, u.RawPath = string(plain), ""
	if string(escaped) != u.Path {
		u.RawPath = string(escaped)
	}
	query, err := in.writeQuery(v, room[2][:0])
	if err != nil {
		return nil, err
	}
	u.RawQuery = string(query)
	return &u, nil
}

// answered reads a success.
func (c *client) answered(ctx context.Context, conn *Conn, call *endpoint.Call, answer *http.Response, resp any) error {
	out := c.rt.out[0]
	buf := getBuffer()
	body, err := readAll((*buf)[:0], answer.Body, answer.ContentLength, conn.limit)
	defer func() { putBuffer(buf, body) }() // codecs keep no part of it
	call.AddResponseBytes(int64(len(body)))
	switch {
	case errors.Is(err, errTooMuch):
		return c.sent(endpoint.Errorf(endpoint.ResourceExhausted, "the response is larger than %d bytes", conn.limit))
	case err != nil:
		return c.failed(ctx, err)
	}
	d := decoding{b: out}
	if len(out.params) > 0 || out.status != nil {
		d.v = reflect.ValueOf(resp).Elem()
		d.readReply(answer)
	}
	if !bodiless(answer.StatusCode) && !(out.empty && len(body) == 0) {
		err = out.format.Decode(body, out.target(resp))
	}
	if err = d.result(err); err != nil {
		// It is the server that is at fault, so it is not InvalidArgument here.
		return c.sent(endpoint.Errorf(endpoint.Internal, "the response cannot be read: %w", unreadable{err, answer}))
	}
	return nil
}

// unreadable is the cause of a success that could not be decoded.
type unreadable struct {
	error
	answer *http.Response
}

func (u unreadable) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "HTTP status %d, %.64q: ", u.answer.StatusCode, u.answer.Header.Get("Content-Type"))
	e := endpoint.ErrorOf(u.error)
	if len(e.Violations()) == 0 {
		text.WriteString(u.error.Error())
		return text.String()
	}
	text.WriteString(e.Message())
	for _, v := range e.Violations() {
		fmt.Fprintf(&text, "; %s%s %s", v.Pointer, v.Parameter, v.Detail)
	}
	return text.String()
}

// refused reads an answer that is no success.
func (c *client) refused(ctx context.Context, call *endpoint.Call, answer *http.Response) error {
	buf := getBuffer()
	body, err := readAll((*buf)[:0], answer.Body, answer.ContentLength, maxErrorBody)
	defer func() { putBuffer(buf, body) }() // the error keeps no part of it
	call.AddResponseBytes(int64(len(body)))
	if err != nil && ctx.Err() != nil {
		return c.failed(ctx, err)
	}
	return c.sent(errorOf(answer.StatusCode, answer.Header, body))
}

// sent marks the error of a call that reached the server, if a repeat of it
// could do harm.
func (c *client) sent(err *endpoint.Error) error {
	if c.rt.op.Idempotent {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}

// failed makes the typed error of an exchange that broke.
func (c *client) failed(ctx context.Context, err error) error {
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err // its text repeats the URL, with what is in its query
	}
	if ctx.Err() != nil {
		return c.sent(contextError(ctx))
	}
	if notSent(err) {
		return endpoint.MarkNotSent(endpoint.Errorf(endpoint.Unavailable, "the server cannot be reached: %w", err))
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return c.sent(endpoint.Errorf(endpoint.DeadlineExceeded, "the server did not answer in time: %w", err))
	}
	return c.sent(endpoint.Errorf(endpoint.Unavailable, "the connection broke: %w", err))
}

// contextError is the error of a call whose context ended, with the context's
// cause where it has one of its own.
func contextError(ctx context.Context) *endpoint.Error {
	err := ctx.Err()
	code, text := endpoint.Canceled, "canceled"
	if errors.Is(err, context.DeadlineExceeded) {
		code, text = endpoint.DeadlineExceeded, "deadline exceeded"
	}
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		err = errors.Join(err, cause)
	}
	return endpoint.Errorf(code, text+": %w", err)
}

// notSent says that the server had nothing of the request: the error is one of
// dialling or of the handshake, or the server refused the stream, which means
// that it did nothing with it (RFC 9113 §8.7).
func notSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	stream, ok := errors.AsType[streamError](err)
	const refusedStream = 7
	return ok && stream.Code == refusedStream
}

// streamError has the shape of x/net/http2's StreamError, which net/http's own
// error fills for errors.As, so that nobody needs that package.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }
