package grpcx

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Client sets every endpoint of svc to a call of the server behind to, as its
// method GRPC describes it. to is one connection ([To]) or a pool of them. Its
// error joins all that is wrong, each naming its place, and then nothing was
// set.
//
// A call sends the metadata of its context (metadata.NewOutgoingContext) and
// that of endpoint.WithHeader, which replaces values of the same key.
//
// Errors of calls are *endpoint.Error: those that the server answered are
// Remote and match those it declares; their cause is the status of gRPC, with
// all details. Others are Canceled, DeadlineExceeded, or Unavailable when the
// server could not be reached. An error of a call that is not idempotent and may
// have been sent is not retryable.
func Client(to endpoint.Target[grpc.ClientConnInterface], svc Service, opts ...Option) error {
	b := newBuild(endpoint.ClientSide, svc, opts)
	b.Target(to)
	if err := b.Err(); err != nil {
		return err
	}
	for _, mt := range b.methods {
		connect(mt, to)
	}
	b.SetOmitted()
	return nil
}

// client is one method on the client's side.
type client struct {
	mt       *method
	target   endpoint.Target[grpc.ClientConnInterface]
	opts     []grpc.CallOption
	observed bool // there are layers, which may look at the Call
	races    bool // a layer races attempts, which may then outlive the call
}

// connect sets the field of a method to the calls of the server behind to.
func connect(mt *method, to endpoint.Target[grpc.ClientConnInterface]) {
	c := &client{mt: mt, target: shell.TargetFor(to, mt.op), opts: []grpc.CallOption{grpc.StaticMethod()}}
	c.opts = append(c.opts, mt.config.calls...)
	c.observed = len(mt.stack) > 1 // than the mark of a client's stack
	c.races = slices.ContainsFunc(mt.stack, func(l endpoint.Layer) bool { _, ok := l.(endpoint.Hedger); return ok })
	path := &shell.Client[grpc.ClientConnInterface]{
		Op: mt.op, Target: c.target, Stack: mt.stack, Timeout: mt.config.Timeout,
		Begin: c.begin, Unary: c.unary, Upload: c.upload, Range: c.receive,
	}
	path.Connect(mt.endpoint)
}

// begin starts the Call.
func (c *client) begin(ctx context.Context) (context.Context, error) {
	ctx = holdOptions(ctx, c.mt.op)
	ctx, _, err := endpoint.StartCall(ctx, c.mt.op, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(nil))
	return ctx, err
}

// outgoing is one attempt of a call. What grpc-go fills in is in it, in one
// allocation.
type outgoing struct {
	c       *client
	call    *endpoint.CallWriter
	conn    grpc.ClientConnInterface
	codec   *callCodec // of a method that has formats
	peer    peer.Peer
	header  metadata.MD
	trailer metadata.MD
	opts    []grpc.CallOption
	room    [5]grpc.CallOption

	// Of calls with a stream.
	stream grpc.ClientStream
	cancel context.CancelFunc
}

// newOutgoing returns an attempt and the context for it, with the metadata.
func (c *client) newOutgoing(ctx context.Context, conn grpc.ClientConnInterface) (context.Context, *outgoing, error) {
	call, w, err := shell.Outgoing(ctx)
	if err != nil {
		return ctx, nil, err
	}
	x := &outgoing{c: c, call: w, conn: conn}
	if ctx, err = withMetadata(ctx, call.Header().Raw()); err != nil {
		return ctx, nil, err
	}
	x.opts = append(append(x.room[:0], c.opts...), grpc.Peer(&x.peer))
	if mt := c.mt; mt.plain() {
		x.codec = &callCodec{writes: &mt.in.formats[0], reads: &mt.out.formats[0], call: x.call, unary: mt.op.Streams == endpoint.Unary, ignores: mt.out.typ == emptyType}
		x.opts = append(x.opts, grpc.ForceCodecV2(x.codec))
	}
	return ctx, x, nil
}

var emptyType = reflect.TypeFor[endpoint.Empty]()

// withMetadata returns ctx with the metadata of a Call added to its own.
func withMetadata(ctx context.Context, raw map[string][]string) (context.Context, error) {
	if len(raw) == 0 {
		return ctx, nil
	}
	own, err := sendable(raw)
	if err != nil {
		return ctx, shell.Failure(endpoint.InvalidArgument, "%w", err)
	}
	if md, ok := metadata.FromOutgoingContext(ctx); ok { // a copy
		maps.Copy(md, own)
		own = md
	}
	return metadata.NewOutgoingContext(ctx, own), nil
}

// unary makes one exchange for v: a message of protobuf, or a *shell.Messages.
func (c *client) unary(ctx context.Context, conn grpc.ClientConnInterface, v any) (any, error) {
	ctx, x, err := c.newOutgoing(ctx, conn)
	if err != nil {
		return nil, err
	}
	if c.observed {
		x.opts = append(x.opts, grpc.Header(&x.header), grpc.Trailer(&x.trailer))
	}
	if err := x.addOptions(ctx); err != nil {
		return nil, err
	}
	m, ok := v.(*shell.Messages)
	if !ok {
		answer := c.mt.out.create()
		return answer, x.invoke(ctx, v, answer)
	}
	resp := m.Place()
	if c.mt.plain() {
		return resp, x.invoke(ctx, m.Req, resp)
	}
	if !c.races { // attempts that run side by side would all write here
		m.Reuse = true
	}
	answer := c.mt.out.create()
	if err := x.invoke(ctx, c.mt.in.encode(m.Req), answer); err != nil {
		return nil, err
	}
	return resp, c.fromAnswer(answer, resp)
}

// fromAnswer decodes a message that the server sent into the value that into
// points to. A Mapping may find an error in it.
func (c *client) fromAnswer(m proto.Message, into any) error {
	// See decision 149.
	err := coded(c.mt.out.decode(m, into))
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return c.sent(shell.Remote(err))
	}
	return c.sent(shell.Failure(endpoint.Internal, "the response cannot be read: %w", shell.Unreadable(err)))
}

func (x *outgoing) invoke(ctx context.Context, req, resp any) error {
	err := x.conn.Invoke(ctx, x.c.mt.op.Method, req, resp, x.opts...)
	if x.codec != nil && x.codec.panicked != nil {
		panic(x.codec.panicked)
	}
	if x.c.observed {
		x.observe(req, resp, err)
	}
	switch {
	case err == nil:
		return nil
	case x.unwritable(req, err):
		return shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", first(x.codec.unsent(), speak(err)))
	}
	return x.failed(ctx, err)
}

// unwritable reports whether the request could not be encoded. grpc-go says the same
// of a server that cannot encode its response, so the request is tried again.
func (x *outgoing) unwritable(req any, err error) bool {
	if m, ok := req.(proto.Message); ok && isMarshalFault(err) {
		_, err = proto.Marshal(m)
		return err != nil
	}
	return x.codec.unsent() != nil
}

// observe tells the Call what came back.
func (x *outgoing) observe(req, resp any, err error) {
	if x.peer.Addr != nil {
		x.call.SetPeer(x.peer.Addr.String())
	}
	x.reply()
	x.call.SetStatus(int(status.Code(err)))
	x.countRequest(req)
	if m, ok := resp.(proto.Message); ok && err == nil {
		x.call.AddBytes(0, int64(proto.Size(m)))
	}
}

// reply sets the header and the trailers as the reply's metadata.
func (x *outgoing) reply() {
	all := x.header
	for k, vs := range x.trailer {
		if all == nil {
			all = make(metadata.MD, len(x.trailer))
		}
		all[k] = append(slices.Clip(all[k]), vs...)
	}
	x.call.SetReply(endpoint.MetadataHeader(all))
}

// sent marks the error of a call that reached the server, if a repeat of it
// could do harm.
func (c *client) sent(err error) error {
	if c.mt.op.Idempotent {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}

// failed makes the typed error of an attempt that failed. See decision 98.
func (x *outgoing) failed(ctx context.Context, err error) error {
	c := x.c
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil { // of an interceptor, or a connection within the process
		return c.sent(err)
	}
	st, ok := status.FromError(err)
	code := st.Code()
	switch {
	case !ok:
		return c.sent(shell.Failure(endpoint.Unknown, "the call failed: %w", bounds.Quiet(err)))
	case ctx.Err() != nil && (code == codes.Canceled || code == codes.DeadlineExceeded), code == codes.DeadlineExceeded && shell.IsOver(ctx):
		return x.mark(shell.ContextError(ctx))
	case x.unsent() && code == codes.Internal && strings.Contains(st.Message(), "header list size"):
		// grpc-go refuses metadata above the server's limit before it sends them.
		return endpoint.MarkNotSent(shell.Failure(endpoint.InvalidArgument, "the metadata are too large for the server: %w", speak(err)))
	case x.unsent() && code == codes.Unavailable && isUntrusted(st.Message()):
		return shell.Failure(endpoint.Internal, "the TLS handshake failed: %w", speak(err))
	case x.unsent() && (code == codes.Unavailable || code == codes.Canceled): // Canceled: the connection is closed
		return endpoint.MarkNotSent(shell.Failure(endpoint.Unavailable, "the server cannot be reached: %w", speak(err)))
	case x.codec.unread() != nil:
		if e, ok := shell.FromDecoder(x.codec.unread()); ok {
			return c.sent(e)
		}
		return c.sent(shell.Failure(endpoint.Internal, "the response cannot be read: %w", shell.Unreadable(x.codec.unread())))
	}
	x.call.AddBytes(0, int64(proto.Size(st.Proto())))
	return x.mark(errorOf(st, err))
}

// isUntrusted reports whether one side did not accept the certificate of the other, or
// how it speaks TLS. grpc-go has only the text of the error of crypto/tls.
func isUntrusted(message string) bool {
	// See decision 163.
	_, alert, ok := strings.Cut(message, "remote error: tls: ")
	return strings.Contains(message, "tls: failed to verify certificate") || ok && shell.RejectsHandshake(alert)
}

func (x *outgoing) mark(err error) error {
	if x.unsent() {
		return err
	}
	return x.c.sent(err)
}

// unsent reports whether the call never had a stream: grpc-go tells the peer of every
// call that had one. Another kind of connection might not. See decision 56.
func (x *outgoing) unsent() bool {
	_, ok := x.conn.(*grpc.ClientConn)
	return ok && x.peer.Addr == nil
}

// isMarshalFault reports whether grpc-go could not encode a message.
func isMarshalFault(err error) bool {
	st, ok := status.FromError(err)
	return ok && st.Code() == codes.Internal && strings.HasPrefix(st.Message(), "grpc: error while marshaling")
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
