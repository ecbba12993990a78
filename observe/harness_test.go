package observe_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/observe"
)

var (
	errFailed  = errors.New("failed")
	errMissing = endpoint.Define(endpoint.NotFound, "profiles", "MISSING", "no such profile")
	getOp      = &endpoint.Operation{
		Service: "Profiles", Name: "Get", Side: endpoint.ServerSide,
		Transport: "http", Method: "GET", Pattern: "/profiles/{id}",
		Fails: []*endpoint.Error{errMissing},
	}
	watchOp = &endpoint.Operation{
		Service: "Profiles", Name: "Watch", Side: endpoint.ServerSide, Transport: "grpc", Streams: endpoint.ServerStream,
	}
	askOp = onSide(getOp, endpoint.ClientSide)
)

// probe is a part that records what it sees. What the zero one adds to the
// context is its name.
type probe struct {
	*endpointtest.Recorder
	name     string
	onBegin  func()
	onEnd    func(*observe.Observation)
	onItem   func(*observe.Observation)
	declines func(*endpoint.Operation) bool
}

type probeKey struct{}

func (p *probe) Observe(op *endpoint.Operation) observe.Observer {
	if p.declines != nil && p.declines(op) {
		return nil
	}
	return p
}

func (p *probe) Begin(ctx context.Context, o *observe.Observation) (context.Context, endpoint.Token) {
	outer, _ := ctx.Value(probeKey{}).(string)
	p.Log("begin %s in [%s]", p.name, outer)
	if p.onBegin != nil {
		p.onBegin()
	}
	return context.WithValue(ctx, probeKey{}, outer+p.name), endpoint.Token{P: p}
}

func (p *probe) End(ctx context.Context, t endpoint.Token, o *observe.Observation) {
	inner, _ := ctx.Value(probeKey{}).(string)
	p.Log("end %s in [%s]: %v %v", p.name, inner, o.Code, t.P == p)
	if p.onEnd != nil {
		p.onEnd(o)
	}
}

func (p *probe) Item(ctx context.Context, t endpoint.Token, o *observe.Observation) {
	p.Log("item %s first=%v", p.name, o.FirstItem == 0)
	if p.onItem != nil {
		p.onItem(o)
	}
}

// attemptProbe is a probe that sees attempts.
type attemptProbe struct{ *probe }

func (p attemptProbe) ObserveAttempts(*endpoint.Operation) observe.Observer { return p.probe }

// logged is what a slog.Logger wrote, as JSON.
type logged struct {
	mu  sync.Mutex // guards the field below
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// records returns the records so far, without their times.
func (l *logged) records(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(l.text()) {
		record := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		delete(record, "time")
		all = append(all, record)
	}
	return all
}

func newLog(level slog.Level) (*slog.Logger, *logged) {
	l := &logged{}
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level})), l
}

func discard(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: level}))
}

// onSide returns a copy of op on a side.
func onSide(op *endpoint.Operation, side endpoint.Side) *endpoint.Operation {
	on := *op
	on.Side = side
	return &on
}

// serving returns the context of a call that is served, as a transport makes it.
// op is on the server's side.
func serving(tb testing.TB, op *endpoint.Operation, header map[string][]string) (context.Context, *endpoint.CallWriter) {
	tb.Helper()
	require.Equal(tb, endpoint.ServerSide, op.Side)
	return calling(tb, tb.Context(), op, header)
}

// calling returns the context of a call on the side of op.
func calling(tb testing.TB, ctx context.Context, op *endpoint.Operation, header map[string][]string) (context.Context, *endpoint.CallWriter) {
	tb.Helper()
	if header == nil {
		header = map[string][]string{}
	}
	ctx, w, err := endpoint.StartCall(ctx, op, endpoint.HTTPHeader(header), endpoint.HTTPHeader(map[string][]string{}))
	require.NoError(tb, err)
	return ctx, w
}

// bound returns the layers as the shell of a transport binds them for op.
func bound(tb testing.TB, op *endpoint.Operation, layers ...endpoint.Layer) endpoint.Stack {
	tb.Helper()
	s, err := endpoint.Stack(layers).Bind(op)
	require.NoError(tb, err)
	return s
}

// run makes one call through a layer, which ends with err after a time.
func run(ctx context.Context, l endpoint.Layer, took time.Duration, err error) error {
	_, got := endpoint.Stack{l}.Wrap(func(context.Context, int) (int, error) {
		if took > 0 {
			timer := time.NewTimer(took)
			<-timer.C
		}
		return 1, err
	})(ctx, 1)
	return got
}

// thrice is a Repeater that makes three attempts.
type thrice struct{}

func (thrice) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}
func (thrice) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
func (thrice) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	t.N++
	return ctx, t, t.N < 3 && ctx.Err() == nil
}

// twice is a Hedger that starts a second attempt after a second.
type twice struct{}

func (twice) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}
func (twice) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
func (twice) Delay(_ context.Context, started int) (time.Duration, bool) {
	return time.Second, started < 2
}
