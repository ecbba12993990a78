package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/credential"
	"github.com/typedkit/endpoint/internal/shell"
)

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
		connect(rt, to, b.decoders)
	}
	b.SetOmitted()
	return nil
}

// client is one route on the client's side.
type client struct {
	rt     *route
	target endpoint.Target[*Conn]
	accept string // the value of the header: what the route writes, and problems

	decoders []errorDecoder
}

// connect sets the field of a route to the calls of the server behind to.
func connect(rt *route, to endpoint.Target[*Conn], decoders []errorDecoder) {
	c := &client{rt: rt, target: shell.TargetFor(to, rt.op), accept: rt.writes[0] + ", " + problemType, decoders: decoders}
	path := &shell.Client[*Conn]{
		Op: rt.op, Target: c.target, Stack: rt.stack, Timeout: rt.config.Timeout,
		Begin: c.begin, Unary: c.unary, Upload: c.upload, Range: c.receive,
	}
	path.Connect(rt.endpoint)
}

func (c *client) begin(ctx context.Context) (context.Context, error) {
	ctx, _, err := endpoint.StartCall(ctx, c.rt.op, endpoint.Header{}, endpoint.Header{})
	return ctx, err
}

// unary makes one exchange for the request of v, a *shell.Messages.
func (c *client) unary(ctx context.Context, conn *Conn, v any) (any, error) {
	m := v.(*shell.Messages)
	resp := m.Place()
	return resp, c.whole(ctx, conn, outgoing{req: m.Req}, resp)
}

// whole makes one exchange whose response is read as a whole, into the value that
// resp points to.
func (c *client) whole(ctx context.Context, conn *Conn, out outgoing, resp any) error {
	answer, call, err := c.exchange(ctx, conn, out)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return c.answered(ctx, conn, call, answer, resp)
}

// outgoing is what goes out in one exchange: the message that req points to, or
// the items of a request stream.
type outgoing struct {
	req    any
	items  *upload
	lastID []byte // the id after which a stream goes on, empty to start anew, or nil
}

// exchange sends a request and returns the answer, if it is a success, with the
// Call. Its body is still to be read and closed.
func (c *client) exchange(ctx context.Context, conn *Conn, out outgoing) (*http.Response, *endpoint.CallWriter, error) {
	call, w, err := shell.Outgoing(ctx)
	if err != nil {
		return nil, nil, err
	}
	w.SetPeer(conn.base.Host)
	r, err := c.request(ctx, conn, call, out)
	if err != nil {
		return nil, nil, err
	}
	answer, err := c.send(ctx, conn, w, r, out.items)
	if err != nil {
		return nil, nil, err
	}
	if !c.succeeds(answer.StatusCode) {
		defer func() { _ = answer.Body.Close() }()
		return nil, nil, c.refused(ctx, w, answer)
	}
	return answer, w, nil
}

// send sends r, and notes in the Call what came back.
func (c *client) send(ctx context.Context, conn *Conn, w *endpoint.CallWriter, r *http.Request, items *upload) (*http.Response, error) {
	answer, err := conn.do(r)
	if err != nil {
		err = c.failed(ctx, items, err)
		if wasRedirected(r) && (endpoint.NotSent(err) || isUntrusted(err)) { // the first server had it
			err = c.sent(endpoint.ErrorOf(err))
		}
		return nil, err
	}
	w.SetStatus(answer.StatusCode)
	w.SetReply(endpoint.HTTPHeader(answer.Header))
	return answer, nil
}

// succeeds reports whether a status is one of a success: any 2xx, and 304 on a
// route that may answer so.
func (c *client) succeeds(status int) bool {
	if status == http.StatusNotModified {
		return c.rt.opts.status == status || len(c.rt.out) > 0 && c.rt.out[0].status != nil
	}
	return status >= 200 && status <= 299
}

// request builds the request of a call. Its header is a copy of the Call's, with
// which another attempt starts.
func (c *client) request(ctx context.Context, conn *Conn, call *endpoint.Call, out outgoing) (*http.Request, error) {
	h := http.Header(call.Header().Raw()).Clone()
	if h == nil {
		h = make(http.Header, 4)
	}
	r := &http.Request{Method: c.rt.op.Method, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	values := &[2]string{c.accept} // of two headers, in one allocation
	h["Accept"] = values[:1:1]
	media, err := c.message(conn, call, out, r)
	if err != nil {
		return nil, err
	}
	r.URL.RawQuery = credential.AddQuery(ctx, r.URL.RawQuery)
	if media != "" {
		values[1] = media
		h["Content-Type"] = values[1:]
	}
	switch {
	case len(out.lastID) > 0:
		h[lastEventID] = []string{string(out.lastID)}
	case out.lastID != nil:
		delete(h, lastEventID)
	}
	if deadline, ok := ctx.Deadline(); ok {
		h[timeoutHeader] = []string{remaining(deadline)}
	}
	if out.items != nil {
		ctx = out.items.open(ctx, (*endpoint.CallWriter)(call))
	}
	return r.WithContext(ctx), nil
}

// message puts the message into r: its URL, its parameters and its body. It
// returns the media type of the body, or "" if there is none.
func (c *client) message(conn *Conn, call *endpoint.Call, out outgoing, r *http.Request) (media string, err error) {
	if out.items != nil {
		r.URL = c.plainURL(conn.base)
		r.Host, r.Body, r.ContentLength = r.URL.Host, out.items, -1
		return lineStream, nil
	}
	in := c.rt.in[0]
	v := reflect.ValueOf(out.req).Elem()
	if r.URL, err = c.url(conn.base, v); err != nil {
		return "", err
	}
	r.Host = r.URL.Host
	if len(in.params) > 0 {
		if err := in.writeHeader(v, r); err != nil {
			return "", err
		}
	}
	switch {
	case !c.rt.hasBody:
		return "", nil
	case in.empty:
		r.Body = http.NoBody
		return "", nil
	}
	content, err := in.content(out.req)
	if err == nil && content == nil {
		r.Body = http.NoBody
		return "", nil
	}
	var body []byte
	if err == nil {
		body, err = appendClone(in.format, content)
	}
	if err != nil {
		return "", shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", err)
	}
	setBody(r, body)
	(*endpoint.CallWriter)(call).AddBytes(int64(len(body)), 0)
	return in.format.MediaType(), nil
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

// plainURL returns the URL of a route without parameters.
func (c *client) plainURL(base *url.URL) *url.URL { return below(base, c.rt.pattern.text) }

// below returns a base with a path appended.
func below(base *url.URL, path string) *url.URL {
	u := *base
	u.Path += path
	if u.RawPath != "" {
		u.RawPath += path
	}
	return &u
}

func (c *client) url(base *url.URL, v reflect.Value) (*url.URL, error) {
	in := c.rt.in[0]
	if len(in.params) == 0 {
		return c.plainURL(base), nil
	}
	u := *base
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
func (c *client) answered(ctx context.Context, conn *Conn, call *endpoint.CallWriter, answer *http.Response, resp any) error {
	out := c.rt.out[0]
	buf := getBuffer()
	body, err := c.read(ctx, conn, call, answer, (*buf)[:0])
	defer func() { putBuffer(buf, body) }() // codecs keep no part of it
	if err != nil {
		return err
	}
	d := decoding{b: out}
	if len(out.params) > 0 || out.status != nil {
		d.v = reflect.ValueOf(resp).Elem()
		d.readReply(answer)
	}
	if !bodiless(answer.StatusCode) && !out.ignored && !(out.empty && len(body) == 0) {
		err = out.read(body, resp, len(answer.Header["Content-Type"]) > 0)
	}
	if err = d.result(err); err != nil {
		if e, ok := shell.FromDecoder(err); ok {
			return c.sent(e)
		}
		// It is the server that is at fault, so it is not InvalidArgument here.
		return c.sent(shell.Failure(endpoint.Internal, "the response cannot be read: HTTP status %d, %.64q: %w",
			answer.StatusCode, answer.Header.Get("Content-Type"), shell.Unreadable(err)))
	}
	return nil
}

// read reads the body of a success into buf.
func (c *client) read(ctx context.Context, conn *Conn, call *endpoint.CallWriter, answer *http.Response, buf []byte) ([]byte, error) {
	body, err := readAll(buf, answer.Body, answer.ContentLength, conn.limit, nil)
	call.AddBytes(0, int64(len(body)))
	switch {
	case errors.Is(err, errTooMuch):
		return body, c.sent(shell.Failure(endpoint.ResourceExhausted, "the response is larger than %d bytes", conn.limit))
	case err != nil:
		return body, c.failed(ctx, nil, err)
	}
	return body, nil
}

// refused reads an answer that is no success.
func (c *client) refused(ctx context.Context, call *endpoint.CallWriter, answer *http.Response) error {
	buf := getBuffer()
	body, cut, err := c.readError(ctx, call, answer, (*buf)[:0])
	defer func() { putBuffer(buf, body) }() // the error keeps no part of it
	if err != nil {
		return err
	}
	return c.sent(c.errorOf(answer.StatusCode, answer.Header, body, cut))
}

// readError reads the body of an error into buf. cut reports whether there is more of it. A
// redirect that was not followed is an error of this end.
func (c *client) readError(ctx context.Context, call *endpoint.CallWriter, answer *http.Response, buf []byte) (body []byte, cut bool, err error) {
	if err := redirectError(answer); err != nil {
		return buf, false, c.sent(err)
	}
	size := min(answer.ContentLength, bounds.ErrorBytes)
	body, err = readAll(buf, answer.Body, size, bounds.ErrorBytes, nil)
	call.AddBytes(0, int64(len(body)))
	if err != nil && !errors.Is(err, errTooMuch) && ctx.Err() != nil {
		return body, false, c.failed(ctx, nil, err)
	}
	return body, err != nil, nil
}

// sent marks the error of a call that reached the server, if a repeat of it
// could do harm.
func (c *client) sent(err *endpoint.Error) error {
	if c.rt.op.Idempotent {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}

// failed makes the typed error of an exchange that broke. The fault of the request
// stream comes first, if there is one and it has failed.
func (c *client) failed(ctx context.Context, items *upload, err error) error {
	if items != nil {
		if own := items.Failed(); own != nil {
			return own
		}
	}
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err // its text repeats the URL, with what is in its query
	}
	if ctx.Err() != nil {
		return c.sent(shell.ContextError(ctx))
	}
	err = bounds.Quiet(err)
	if isUntrusted(err) {
		return shell.Failure(endpoint.Internal, "the TLS handshake failed: %w", err)
	}
	if notSent(err) {
		return endpoint.MarkNotSent(shell.Failure(endpoint.Unavailable, "the server cannot be reached: %w", err))
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return c.sent(shell.Failure(endpoint.DeadlineExceeded, "the server did not answer in time: %w", err))
	}
	return c.sent(shell.Failure(endpoint.Unavailable, "the connection broke: %w", err))
}

// isUntrusted reports whether one side did not accept the certificate of the other, or
// how it speaks TLS. A repeat would end in the same way, so the call is not marked as
// not sent.
func isUntrusted(err error) bool {
	// See decision 163.
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && shell.RejectsHandshake(op.Err.Error())
}

// notSent reports whether the server had nothing of the request: the error is one of
// dialling or of the handshake, or the server refused the stream, which means
// that it did nothing with it (RFC 9113 §8.7).
func notSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
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
