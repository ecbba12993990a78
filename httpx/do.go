package httpx

import (
	"bytes"
	"context"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// An Answer is the answer of a server as a whole. See [Conn.Do].
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // of an answer that is not a success, the first 64 KiB
	cut    bool   // there is more of the body
}

// IsSuccess reports whether the status is 200 to 299.
func (a *Answer) IsSuccess() bool { return a.Status >= 200 && a.Status <= 299 }

// Err returns the error of an answer that is not a success: that of its problem, or one
// with the code of its status. It is Remote. It returns nil for a success.
func (a *Answer) Err() *endpoint.Error {
	if a.IsSuccess() {
		return nil
	}
	p, ok := readProblem(a.Body, a.cut)
	return p.toError(a.Status, a.Header, a.Body, ok)
}

// Do makes one exchange with the server for the call under ctx: a POST of body, which is
// of the type media, to the base of c with path appended. It sends the headers of the Call
// and the time until the deadline of ctx, as calls of [Client] do. It sets the peer, the
// status, the reply and the sizes of the Call. For authors of transports that stand on
// HTTP: it is the exchange of an attempt, inside the layers of a client.
//
// The error is one of [Client], marked as perhaps sent unless the operation of the Call is
// idempotent: the server cannot be reached, the exchange broke off, or the answer is a
// redirect that is not followed, or larger than [MaxResponse]. Any other answer is
// returned, whatever its status.
func (c *Conn) Do(ctx context.Context, path, media string, body []byte) (*Answer, error) {
	x := &client{rt: &route{op: endpoint.CallFrom(ctx).Operation()}}
	call, w, err := shell.Outgoing(ctx)
	if err != nil {
		return nil, err
	}
	w.SetPeer(c.base.Host)
	answer, err := x.send(ctx, c, w, c.post(ctx, call, path, media, body), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return x.readWhole(ctx, c, w, answer)
}

// post returns the request of an exchange.
func (c *Conn) post(ctx context.Context, call *endpoint.Call, path, media string, body []byte) *http.Request {
	h := http.Header(call.Header().Raw()).Clone()
	if h == nil {
		h = make(http.Header, 4)
	}
	values := &[2]string{media + ", " + problemType, media}
	h["Accept"], h["Content-Type"] = values[:1:1], values[1:]
	if deadline, ok := ctx.Deadline(); ok {
		h[timeoutHeader] = []string{remaining(deadline)}
	}
	u := below(c.base, path)
	r := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	setBody(r, body)
	(*endpoint.CallWriter)(call).AddBytes(int64(len(body)), 0)
	return r.WithContext(ctx)
}

// readWhole reads an answer.
func (c *client) readWhole(ctx context.Context, conn *Conn, w *endpoint.CallWriter, answer *http.Response) (*Answer, error) {
	a := &Answer{Status: answer.StatusCode, Header: answer.Header}
	buf := getBuffer()
	var body []byte
	var err error
	if a.IsSuccess() {
		body, err = c.read(ctx, conn, w, answer, (*buf)[:0])
	} else {
		body, a.cut, err = c.readError(ctx, w, answer, (*buf)[:0])
	}
	defer func() { putBuffer(buf, body) }()
	if err != nil {
		return nil, err
	}
	a.Body = bytes.Clone(body)
	return a, nil
}
