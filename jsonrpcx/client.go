package jsonrpcx

import (
	"context"
	"encoding/json/jsontext"
	"errors"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/shell"
)

// Client sets every endpoint of svc to a call of the server behind to, as its method JSONRPC
// describes it. to is one server (httpx.To, with the path of the service) or a pool of them
// (see [Path]). Its error joins all that is wrong, each naming its place, and then nothing
// was set. Each call is a request of its own; there are no batches.
//
// Errors of calls are those of httpx.Client. The cause of an error that the server answered
// is the [Error] as it came.
func Client(to endpoint.Target[*httpx.Conn], svc Service, opts ...Option) error {
	b := newBuild(endpoint.ClientSide, svc, opts)
	b.Target(to)
	if err := b.Err(); err != nil {
		return err
	}
	for _, mt := range b.methods {
		c := &client{mt}
		path := &shell.Client[*httpx.Conn]{
			Op: mt.op, Target: shell.TargetFor(to, mt.op), Stack: mt.stack, Timeout: b.config.Timeout,
			Begin: c.begin, Unary: c.unary,
		}
		path.Connect(mt.endpoint)
	}
	b.SetOmitted()
	return nil
}

// client is one method on the client's side.
type client struct{ mt *method }

// clientID is the id of every call of a client: HTTP knows which answer belongs to which
// request.
var clientID = jsontext.Value("1")

func (c *client) begin(ctx context.Context) (context.Context, error) {
	ctx, _, err := endpoint.StartCall(ctx, c.mt.op, endpoint.Header{}, endpoint.Header{})
	return ctx, err
}

// unary makes one exchange for the request of v, a *shell.Messages.
func (c *client) unary(ctx context.Context, conn *httpx.Conn, v any) (any, error) {
	m := v.(*shell.Messages)
	resp := m.Place()
	body, err := c.request(m.Req)
	if err != nil {
		return nil, shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", err)
	}
	answer, err := conn.Do(ctx, c.mt.config.path, "application/json", body)
	if err != nil {
		return nil, err
	}
	status, err := c.read(answer, resp)
	(*endpoint.CallWriter)(endpoint.CallFrom(ctx)).SetStatus(status)
	if err != nil && !c.mt.op.Idempotent {
		err = endpoint.MarkMaybeSent(err)
	}
	return resp, err
}

// request returns the request object of the request that v points to.
func (c *client) request(v any) ([]byte, error) {
	id := string(clientID)
	if c.mt.opts.notification {
		id = ""
	}
	return appendRequest(nil, c.mt.name, id, func(dst []byte) ([]byte, error) { return c.mt.params.append(dst, v) })
}

// read reads an answer into the response that resp points to. It returns the code of the
// error object, or the status of HTTP of an answer without one, and 0 for a success.
func (c *client) read(answer *httpx.Answer, resp any) (status int, err error) {
	r, fault := parseResponse(answer.Body)
	switch {
	case fault == nil && r.err != nil:
		return r.err.status(), r.err.remote()
	case !answer.IsSuccess():
		return answer.Status, answer.Err()
	case c.mt.opts.notification:
		return 0, nil
	case fault == nil:
		fault = c.result(r.result, resp)
	}
	if fault != nil {
		return 0, c.unread(answer, fault)
	}
	return 0, nil
}

// result reads a result. A response that is endpoint.Empty takes any.
func (c *client) result(raw jsontext.Value, resp any) error {
	if isEmpty(c.mt.endpoint.Resp) || raw.Kind() == jsontext.KindNull && c.mt.endpoint.Resp.Kind() != reflect.Interface {
		return nil // servers write null for a method that has no result
	}
	return c.mt.result.Decode(raw, resp)
}

// unread returns the error of a success that cannot be read. It is the server that is at
// fault.
func (c *client) unread(answer *httpx.Answer, err error) error {
	if e, ok := shell.FromDecoder(err); ok {
		return e
	}
	return shell.Failure(endpoint.Internal, "the response cannot be read: HTTP status %d, %.64q: %w",
		answer.Status, answer.Header.Get("Content-Type"), shell.Unreadable(err))
}

// response is a response object: a result or an error.
type response struct {
	result jsontext.Value
	err    *Error
}

// Faults of response objects.
var (
	errNotJSON    = errors.New("it is not JSON")
	errNotObject  = errors.New("it is not a response object of JSON-RPC 2.0")
	errOtherID    = errors.New("the id is that of another call")
	errNotEither  = errors.New("it has neither a result nor an error")
	errBoth       = errors.New("it has both a result and an error")
	errWithoutAll = errors.New("the answer has no body")
)

// parseResponse reads a response object.
func parseResponse(body []byte) (r response, err error) {
	raw := jsontext.Value(body)
	switch {
	case len(body) == 0:
		return r, errWithoutAll
	case !isWhole(raw):
		return r, errNotJSON
	case raw.Kind() != jsontext.KindBeginObject:
		return r, errNotObject
	}
	var version, id, failure jsontext.Value
	members := map[string]*jsontext.Value{"jsonrpc": &version, "id": &id, "result": &r.result, "error": &failure}
	err = eachMember(raw, func(name string, value jsontext.Value) error {
		if place := members[name]; place != nil {
			*place = value
		}
		return nil
	})
	if failure.Kind() == jsontext.KindNull {
		failure = nil // as version 1.0 has it
	}
	switch {
	case err != nil:
	case unquoted(version) != "2.0":
		err = errNotObject
	case failure != nil && r.result != nil && r.result.Kind() != jsontext.KindNull:
		err = errBoth
	case failure != nil:
		r.err, err = parseError(failure)
	case r.result == nil:
		err = errNotEither
	case string(id) != string(clientID):
		err = errOtherID
	}
	return r, err
}
