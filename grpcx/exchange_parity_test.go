package grpcx_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
)

// Parity is one operation on every transport.
type Parity struct {
	Do endpoint.Endpoint[Note, Note]
}

func (s *Parity) HTTP(r *httpx.Routes) {
	r.POST("/do", &s.Do, httpx.Fails(ErrRefused, errBehind), httpx.MaxBody(1000))
}

func (s *Parity) GRPC(m *grpcx.Methods) {
	m.Service("parity.Mapped", grpcx.MaxMessage(1000))
	m.UnaryAs("Do", &s.Do, note, note, grpcx.Fails(ErrRefused, errBehind))
}

// plainParity is Parity over JSON.
type plainParity struct{ Parity }

func (s *plainParity) GRPC(m *grpcx.Methods) {
	m.Service("parity.Plain", grpcx.MaxMessage(1000))
	m.Unary("Do", &s.Do, grpcx.Fails(ErrRefused, errBehind))
}

// Errors of a service behind this one: the operation declares one of them.
var (
	errBehind     = endpoint.Define(endpoint.Aborted, "behind", "KNOWN", "known")
	errUndeclared = endpoint.Define(endpoint.AlreadyExists, "echo", "UNDECLARED", "not declared")
)

// rawNote is a request whose bytes are sent as they are.
type rawNote struct{ data []byte }

// rawFormat writes a rawNote in the name of another format.
type rawFormat struct{ media string }

func (f rawFormat) MediaType() string { return f.media }

func (rawFormat) Append(dst []byte, v any) ([]byte, error) {
	return append(dst, v.(*rawNote).data...), nil
}

func (rawFormat) Decode([]byte, any) error { return nil }

type rawCodec struct{ rawFormat }

func (c rawCodec) Append(dst []byte, v rawNote) ([]byte, error) { return append(dst, v.data...), nil }

func (rawCodec) Decode([]byte, *rawNote) error { return nil }

// rawParity is a client that sends whatever it is given.
type rawParity struct {
	Do      endpoint.Endpoint[rawNote, rawNote]
	service string
	media   string
}

func (s *rawParity) HTTP(r *httpx.Routes) {
	r.POST("/do", &s.Do, httpx.RequestCodec(rawCodec{rawFormat{"application/json"}}), httpx.ResponseCodec(rawCodec{rawFormat{"application/json"}}))
}

func (s *rawParity) GRPC(m *grpcx.Methods) {
	m.Service(s.service)
	m.Unary("Do", &s.Do, grpcx.Codec(rawFormat{s.media}))
}

// A wire serves an endpoint with a layer and returns a client of it.
type wire struct {
	name string
	open func(t *testing.T, e endpoint.Endpoint[Note, Note], server, client endpoint.Layer) (calls endpoint.Endpoint[Note, Note], raw endpoint.Endpoint[rawNote, rawNote])
}

func wires() []wire {
	return []wire{{"http", overHTTP}, {"protobuf", overProtobuf}, {"JSON", overJSON}, {"in process", inProcess}}
}

func overHTTP(t *testing.T, e endpoint.Endpoint[Note, Note], server, client endpoint.Layer) (endpoint.Endpoint[Note, Note], endpoint.Endpoint[rawNote, rawNote]) {
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Parity{Do: e}, httpx.Use(server)))
	l := endpointtest.NewListener()
	s := &http.Server{Handler: mux}
	go s.Serve(l)
	tr := &http.Transport{DialContext: l.Dial}
	t.Cleanup(func() { tr.CloseIdleConnections(); s.Close() })
	conn := httpx.To("http://server", httpx.HTTPClient(&http.Client{Transport: tr}))
	var c Parity
	var raw rawParity
	require.NoError(t, errors.Join(httpx.Client(conn, &c, httpx.Use(client)), httpx.Client(conn, &raw)))
	return c.Do, raw.Do
}

func overProtobuf(t *testing.T, e endpoint.Endpoint[Note, Note], server, client endpoint.Layer) (endpoint.Endpoint[Note, Note], endpoint.Endpoint[rawNote, rawNote]) {
	var c Parity
	raw := rawParity{service: "parity.Mapped", media: "application/protobuf"}
	overGRPC(t, &Parity{Do: e}, &c, &raw, server, client)
	return c.Do, raw.Do
}

func overJSON(t *testing.T, e endpoint.Endpoint[Note, Note], server, client endpoint.Layer) (endpoint.Endpoint[Note, Note], endpoint.Endpoint[rawNote, rawNote]) {
	var c plainParity
	raw := rawParity{service: "parity.Plain", media: "application/json"}
	overGRPC(t, &plainParity{Parity{Do: e}}, &c, &raw, server, client)
	return c.Do, raw.Do
}

func overGRPC(t *testing.T, svc, c, raw grpcx.Service, server, client endpoint.Layer) {
	conn := serve(t, func(s *grpc.Server) { require.NoError(t, grpcx.Register(s, svc, grpcx.Use(server))) })
	connect(t, conn, c, grpcx.Use(client))
	connect(t, conn, raw)
}

// inProcess is a transport without a wire, of what the core has for transports.
func inProcess(_ *testing.T, e endpoint.Endpoint[Note, Note], server, client endpoint.Layer) (endpoint.Endpoint[Note, Note], endpoint.Endpoint[rawNote, rawNote]) {
	op := &endpoint.Operation{Service: "Parity", Name: "Do", Side: endpoint.ServerSide, Fails: []*endpoint.Error{ErrRefused, errBehind}}
	calls := &endpoint.Operation{Service: "Parity", Name: "Do", Side: endpoint.ClientSide, Fails: op.Fails}
	served := endpoint.Chain(endpoint.Stack{server}.Wrap(e), endpoint.Recover)
	calling := endpoint.Stack{client}.Wrap(func(ctx context.Context, n Note) (Note, error) {
		caller := endpoint.CallFrom(ctx)
		ctx, call, err := endpoint.StartCall(ctx, op, *caller.Header(), endpoint.MetadataHeader(nil))
		if err != nil {
			return Note{}, err
		}
		got, err := served(ctx, n)
		(*endpoint.CallWriter)(caller).SetReply(*(*endpoint.Call)(call).Reply())
		if ctx.Err() != nil {
			return Note{}, ctx.Err()
		}
		if err != nil {
			return Note{}, op.Outgoing(err)
		}
		return got, nil
	})
	return func(ctx context.Context, n Note) (Note, error) {
		ctx, _, err := endpoint.StartCall(ctx, calls, endpoint.MetadataHeader(nil), endpoint.Header{})
		if err != nil {
			return Note{}, err
		}
		return calling(ctx, n)
	}, nil
}

// An outcome is all that a caller can tell of a call.
type outcome struct {
	answer     Note
	code       endpoint.Code
	identity   string
	message    string
	violations []endpoint.Violation
	retry      time.Duration
	help       []endpoint.Link
	meta       map[string]string
	reply      string // of the key "x-reply"
}

func outcomeOf(n Note, err error) outcome {
	if err == nil {
		return outcome{answer: n}
	}
	e := endpoint.ErrorOf(err)
	o := outcome{code: e.Code(), message: e.Message(), violations: e.Violations(), retry: e.RetryAfter(), help: e.Help(), meta: e.Meta()}
	if e.Domain() != "" {
		o.identity = e.Domain() + "/" + e.Reason()
	}
	return o
}

func declared(e *endpoint.Error) outcome { return outcomeOf(Note{}, e) }

func failed(code endpoint.Code, message string) outcome {
	return outcome{code: code, message: message}
}

// A parityCase is a call whose outcome is the same on every transport.
type parityCase struct {
	name string
	in   Note
	ctx  func(ctx context.Context) (context.Context, context.CancelFunc)
	do   endpoint.Endpoint[Note, Note] // nil for an echo
	deny error                         // of the server's layer
	raw  []byte                        // sent in place of a request that is none
	wire bool                          // there is no such thing in process
	its  bool                          // the words are those of the format
	want outcome
}

func fails(err error) endpoint.Endpoint[Note, Note] {
	return func(context.Context, Note) (Note, error) { return Note{}, err }
}

func with(key, value string) func(ctx context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		return endpoint.WithHeader(ctx, key, value), func() {}
	}
}

func readHeader(key string) endpoint.Endpoint[Note, Note] {
	return func(ctx context.Context, _ Note) (Note, error) {
		return Note{Text: endpoint.CallFrom(ctx).Header().Get(key)}, nil
	}
}

func setReply(err error) endpoint.Endpoint[Note, Note] {
	return func(ctx context.Context, n Note) (Note, error) {
		endpoint.CallFrom(ctx).Reply().Set("X-Reply", "yes")
		return n, err
	}
}

func wait(ctx context.Context, _ Note) (Note, error) {
	<-ctx.Done()
	return Note{}, ctx.Err()
}

func parityCases() []parityCase {
	all := ErrRefused.With("no: %d", 7).
		WithViolations(endpoint.Violation{Pointer: "/text", Detail: "is bad"}, endpoint.Violation{Parameter: "query:q", Detail: "is worse"}).
		WithRetryAfter(1200*time.Millisecond).WithHelp(endpoint.Link{Description: "d", URL: "https://example.com/"}).WithMeta("k", "v")
	badText := []endpoint.Violation{{Pointer: "/a\xff", Detail: "b\xff"}, {Parameter: "query:c\xff", Detail: "d"}}
	cleanText := []endpoint.Violation{{Pointer: "/a\ufffd", Detail: "b\ufffd"}, {Parameter: "query:c\ufffd", Detail: "d"}}
	behind := endpoint.FromWire(endpoint.Aborted, "behind", "KNOWN", "as it came").WithMeta("k", "v")
	stranger := endpoint.FromWire(endpoint.AlreadyExists, "behind", "STRANGE", "internal words")
	cases := []parityCase{
		{name: "answer", in: Note{Text: "a", Number: 1}, want: outcome{answer: Note{Text: "a", Number: 1}}},
		{name: "empty answer", do: func(context.Context, Note) (Note, error) { return Note{}, nil }, want: outcome{}},
		{name: "text beyond ASCII", in: Note{Text: "žluťoučký 🐎\x00"}, want: outcome{answer: Note{Text: "žluťoučký 🐎\x00"}}},
		{name: "largest number", in: Note{Number: math.MaxInt64}, want: outcome{answer: Note{Number: math.MaxInt64}}},
		{name: "smallest number", in: Note{Number: math.MinInt64}, want: outcome{answer: Note{Number: math.MinInt64}}},
		{name: "bytes", in: Note{Blob: []byte{0, 1, 254, 255}}, want: outcome{answer: Note{Blob: []byte{0, 1, 254, 255}}}},
		{name: "declared error", do: fails(ErrRefused), want: declared(ErrRefused)},
		{name: "other words", do: fails(ErrRefused.With("other words")), want: declared(ErrRefused.With("other words"))},
		{name: "a wrapped error", do: fails(fmt.Errorf("secret: %w", ErrRefused)), want: declared(ErrRefused)},
		{name: "violations", do: fails(ErrRefused.WithViolations(all.Violations()...)), want: declared(ErrRefused.WithViolations(all.Violations()...))},
		{name: "retry after", do: fails(ErrRefused.WithRetryAfter(time.Minute)), want: declared(ErrRefused.WithRetryAfter(time.Minute))},
		{name: "all details", do: fails(all), want: declared(all)},
		{name: "own error that is not declared", do: fails(errUndeclared), want: declared(errUndeclared)},
		{name: "code alone", do: fails(endpoint.Errorf(endpoint.NotFound, "nothing there")), want: failed(endpoint.NotFound, "nothing there")},
		{name: "a cause is not sent", do: fails(endpoint.Errorf(endpoint.DataLoss, "load: %w", errors.New("disk 7"))), want: failed(endpoint.DataLoss, "load")},
		{name: "an error without a code", do: fails(errors.New("password wrong for db7")), want: failed(endpoint.Internal, "internal error")},
		{name: "invalid UTF-8 in a message", wire: true, do: fails(ErrRefused.With("a\xffb")), want: declared(ErrRefused.With("a\ufffdb"))},
		{name: "invalid UTF-8 in metadata", wire: true, do: fails(ErrRefused.WithMeta("k", "a\xff").WithMeta("\xff", "b")), want: declared(ErrRefused.WithMeta("k", "a\ufffd").WithMeta("\ufffd", "b"))},
		{name: "invalid UTF-8 in violations", wire: true, do: fails(ErrRefused.WithViolations(badText...)), want: declared(ErrRefused.WithViolations(cleanText...))},
		{name: "invalid UTF-8 in links", wire: true, do: fails(ErrRefused.WithHelp(endpoint.Link{Description: "a\xff", URL: "b\xff"})), want: declared(ErrRefused.WithHelp(endpoint.Link{Description: "a\ufffd", URL: "b\ufffd"}))},
		{name: "remote and declared", do: fails(behind), want: declared(behind)},
		{name: "remote and not declared", do: fails(stranger), want: failed(endpoint.Internal, "internal error")},
		{name: "remote and unavailable", do: fails(endpoint.FromWire(endpoint.Unavailable, "behind", "DOWN", "db7 is down").WithRetryAfter(time.Second)), want: outcome{code: endpoint.Unavailable, message: "temporarily unavailable", retry: time.Second}},
		{name: "a handler that gives up", do: fails(context.Canceled), want: failed(endpoint.Canceled, "canceled")},
		{name: "a handler out of time", do: fails(context.DeadlineExceeded), want: failed(endpoint.DeadlineExceeded, "deadline exceeded")},
		{name: "panic", do: func(context.Context, Note) (Note, error) { panic("secret") }, want: failed(endpoint.Internal, "internal error")},
		{name: "a layer refuses", deny: ErrRefused, want: declared(ErrRefused)},
		{
			name: "the caller's deadline", do: wait, want: failed(endpoint.DeadlineExceeded, "deadline exceeded"),
			ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
		},
		{
			name: "the handler sees the deadline", want: outcome{answer: Note{Text: "1m0s"}},
			ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Minute)
			},
			do: func(ctx context.Context, _ Note) (Note, error) {
				deadline, _ := ctx.Deadline()
				return Note{Text: time.Until(deadline).Round(time.Second).String()}, nil
			},
		},
		{
			name: "the caller cancels", do: wait, want: failed(endpoint.Canceled, "canceled"),
			ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
		},
		{name: "metadata to the server", ctx: with("X-Key", "value"), do: readHeader("x-key"), want: outcome{answer: Note{Text: "value"}}},
		{name: "bytes to the server", ctx: with("x-key-bin", "\x00\x01\x7f\n,"), do: readHeader("X-Key-Bin"), want: outcome{answer: Note{Text: "\x00\x01\x7f\n,"}}},
		{name: "the transport's own metadata", ctx: with("grpc-timeout", "1"), want: failed(endpoint.InvalidArgument, `endpoint: header "grpc-timeout" belongs to the transport`)},
		{name: "metadata to the client", do: setReply(nil), want: outcome{reply: "yes"}},
		{name: "metadata with an error", do: setReply(ErrRefused), want: func() outcome { o := declared(ErrRefused); o.reply = "yes"; return o }()},
		{name: "oversized", wire: true, its: true, in: Note{Text: strings.Repeat("x", 1001)}, want: outcome{code: endpoint.ResourceExhausted, identity: "endpoint/BODY_TOO_LARGE"}},
		{name: "malformed", wire: true, its: true, raw: []byte("{\xff"), want: outcome{code: endpoint.InvalidArgument, identity: "endpoint/INVALID_REQUEST"}},
	}
	return cases
}

// TestParity makes the same calls on every transport, each in a bubble.
func TestParity(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(parityCases()), 30)
	for _, w := range wires() {
		for _, tt := range parityCases() {
			if w.name == "in process" && tt.wire {
				continue
			}
			t.Run(w.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { tt.run(t, w) })
			})
		}
	}
}

func (tt parityCase) run(t *testing.T, w wire) {
	do := tt.do
	if do == nil {
		do = func(_ context.Context, n Note) (Note, error) { return n, nil }
	}
	server := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, tt.deny })
	var reply string
	client := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			reply = endpoint.CallFrom(ctx).Reply().Get("x-reply")
			return err
		}, nil
	})
	call, raw := w.open(t, do, server, client)
	ctx := t.Context()
	if tt.ctx != nil {
		var cancel context.CancelFunc
		ctx, cancel = tt.ctx(ctx)
		defer cancel()
	}
	var got outcome
	if tt.raw != nil {
		_, err := raw(ctx, rawNote{tt.raw})
		got = outcomeOf(Note{}, err)
	} else {
		got = outcomeOf(call(ctx, tt.in))
		got.reply = reply
	}
	if tt.its {
		got.message, got.violations, got.meta = "", nil, nil
	}
	if len(got.answer.Blob) == 0 {
		got.answer.Blob = nil
	}
	require.Equal(t, normal(tt.want), normal(got))
}

// normal has nil for what is empty.
func normal(o outcome) outcome {
	o.violations, o.help, o.meta = slices.Clip(o.violations), slices.Clip(o.help), maps.Clone(o.meta)
	if len(o.violations) == 0 {
		o.violations = nil
	}
	if len(o.help) == 0 {
		o.help = nil
	}
	if len(o.meta) == 0 {
		o.meta = nil
	}
	return o
}
