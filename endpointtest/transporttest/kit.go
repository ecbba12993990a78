package transporttest

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
)

// A kit is the environment of one case: the transport, and the servers and
// clients that the case has opened.
type kit struct {
	t     *testing.T
	tr    *Transport
	ctx   context.Context // of the calls of the case
	unit  time.Duration   // of deadlines and delays
	slack time.Duration   // by which an end may be late
	over  chan struct{}   // closed when the case is over

	opened   []*ends
	cleanups []func()
}

// patience is how long a case waits for an event that should happen immediately.
const patience = 20 * time.Second

func newKit(t *testing.T, tr *Transport) *kit {
	t.Helper()
	k := &kit{t: t, tr: tr, ctx: t.Context(), unit: time.Second, slack: time.Second / 2, over: make(chan struct{})}
	if tr.Live {
		k.unit, k.slack = 200*time.Millisecond, 5*time.Second
	}
	t.Cleanup(k.close)
	return k
}

// run runs a case, and then checks the layers and targets of its servers and
// clients.
func (k *kit) run(test func(k *kit)) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.ctx)
	defer cancel()
	k.ctx = ctx
	hangs := time.AfterFunc(k.limit(), func() {
		k.t.Errorf("the case did not end within %v; its goroutines:\n\n%s", k.limit(), strings.Join(goroutines(), "\n\n"))
		cancel()
	})
	defer hangs.Stop()
	defer func() {
		if v := recover(); v != nil {
			k.t.Fatalf("a call panicked: %v\n%s", v, debug.Stack())
		}
	}()
	test(k)
	for _, e := range k.opened {
		k.settle(e)
	}
}

// limit is how long a case may take. In a bubble, a call that hangs costs no real
// time.
func (k *kit) limit() time.Duration {
	if k.tr.Live {
		return 10 * patience
	}
	return 24 * time.Hour
}

// close stops the clients and servers of the case, the last one first.
func (k *kit) close() {
	close(k.over)
	for _, f := range slices.Backward(k.cleanups) {
		f()
	}
	// Connections may linger as they close.
	if ok := k.tr.Live || poll(time.Hour, func() bool { return len(goroutines()) == 0 }); !ok {
		k.t.Errorf("goroutines are left after the cleanup:\n\n%s", strings.Join(goroutines(), "\n\n"))
	}
}

func (k *kit) cleanup(f func()) { k.cleanups = append(k.cleanups, f) }

// kinds returns the kinds of endpoints that the transport supports.
func (k *kit) kinds() []kind {
	return slices.DeleteFunc(kinds(), func(kd kind) bool { return k.tr.limited(kd.limit) })
}

// streamsOut returns the supported kinds whose response is a stream.
func (k *kit) streamsOut() []kind {
	return slices.DeleteFunc(k.kinds(), func(kd kind) bool { return !kd.streamsOut() })
}

// streamsIn returns the supported kinds whose request is a stream.
func (k *kit) streamsIn() []kind {
	return slices.DeleteFunc(k.kinds(), func(kd kind) bool { return !kd.streamsIn() })
}

// streams returns the supported kinds with a stream on either side.
func (k *kit) streams() []kind {
	return slices.DeleteFunc(k.kinds(), func(kd kind) bool { return kd.streams == endpoint.Unary })
}

// need returns kinds, the subject of a case. It skips the case if there are none.
func (k *kit) need(kinds []kind) []kind {
	k.t.Helper()
	if len(kinds) == 0 {
		k.t.Skip("the transport has no streams of this kind")
	}
	return kinds
}

// A setup has the options of a server and its client.
type setup struct {
	server, client endpoint.Stack // inside the watch of each end
	hook           func(ctx context.Context, err error)
	limit          int                             // of a message; 0 means defaultLimit
	bare           bool                            // neither end has a layer
	refuse         func(ctx context.Context) error // called before Acquire; its error is that of Acquire
}

const defaultLimit = 1 << 20

// ends are a server and a client of it, with everything that was recorded on
// both.
type ends struct {
	*Zoo // the client's endpoints

	server, client *watch
	targets        *targets
	hooked         *hooked
	stop           func() // stops the server
}

// open serves z, after setting its nil endpoints to default ones, and connects a
// client to it.
func (k *kit) open(z Zoo, s setup) *ends {
	k.t.Helper()
	e := &ends{Zoo: &Zoo{facts: z.facts}, server: newWatch(), client: newWatch(), hooked: new(hooked), targets: &targets{refusal: s.refuse}}
	server, client := append(endpoint.Stack{e.server}, s.server...), append(endpoint.Stack{e.client}, s.client...)
	if s.bare {
		server, client = nil, nil
	}
	if s.limit == 0 {
		s.limit = defaultLimit
	}
	var stops []func()
	e.stop = sync.OnceFunc(func() {
		for _, f := range slices.Backward(stops) {
			f()
		}
	})
	k.cleanup(e.stop)
	complete(&z)
	connect, err := k.tr.Serve(&z, End{
		Layers: server, MaxMessage: s.limit, Hook: e.hooked.around(s.hook),
		Cleanup: func(f func()) { stops = append(stops, f) },
	})
	switch {
	case err != nil:
		k.t.Fatalf("Serve: %v", err)
	case connect == nil:
		k.t.Fatal("Serve returned neither a function nor an error")
	}
	if err := connect(e.Zoo, End{Layers: client, MaxMessage: s.limit, Cleanup: k.cleanup, targets: e.targets}); err != nil {
		k.t.Fatalf("connect: %v", err)
	}
	if name := k.unset(e.Zoo); name != "" {
		k.t.Fatalf("connect did not set the endpoint %s", name)
	}
	k.opened = append(k.opened, e)
	return e
}

// unset returns the name of an endpoint that should be set and is nil, or "".
func (k *kit) unset(z *Zoo) string {
	for name, missing := range map[string]bool{
		"Unary": z.Unary == nil, "Idempotent": z.Idempotent == nil, "Empty": z.Empty == nil,
		"ServerStream": z.ServerStream == nil && !k.tr.limited(ServerStreams),
		"ClientStream": z.ClientStream == nil && !k.tr.limited(ClientStreams),
		"Bidi":         z.Bidi == nil && !k.tr.limited(BidiStreams),
	} {
		if missing {
			return name
		}
	}
	return ""
}

// scripted opens a server whose endpoint of the kind follows the script.
func (k *kit) scripted(kd kind, sc script, s setup) *ends {
	k.t.Helper()
	var z Zoo
	kd.serve(&z, sc)
	return k.open(z, s)
}

// settle waits for the end of the calls that are in flight, and checks that each
// layer exited and each target was released exactly once.
func (k *kit) settle(e *ends) {
	k.t.Helper()
	for _, part := range []struct {
		name    string
		problem func() string
	}{{"server", e.server.problem}, {"client", e.client.problem}, {"target", e.targets.problem}} {
		if !poll(patience, func() bool { return part.problem() == "" }) {
			k.t.Errorf("%s: %s", part.name, part.problem())
		}
	}
}

// complete sets the nil endpoints of z: Unary, Idempotent and Bidi echo,
// ServerStream counts and ClientStream adds up.
func complete(z *Zoo) {
	echo := func(_ context.Context, m Message) (Message, error) { return m, nil }
	if z.Unary == nil {
		z.Unary = echo
	}
	if z.Idempotent == nil {
		z.Idempotent = echo
	}
	if z.Empty == nil {
		z.Empty = func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil }
	}
	if z.ServerStream == nil {
		z.ServerStream = countTo
	}
	if z.ClientStream == nil {
		z.ClientStream = sum
	}
	if z.Bidi == nil {
		z.Bidi = func(_ context.Context, items endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
			return items, nil
		}
	}
}

// countTo answers with as many numbered messages as the number of the request.
func countTo(_ context.Context, m Message) (endpoint.Stream[Message], error) {
	return count(int(m.Number)), nil
}

// count returns a stream of n numbered messages.
func count(n int) endpoint.Stream[Message] {
	return func(yield func(Message, error) bool) {
		for i := range n {
			if !yield(numbered(i), nil) {
				return
			}
		}
	}
}

// sum answers with the sum of the numbers of the items.
func sum(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
	var total Message
	for m, err := range items {
		if err != nil {
			return Message{}, err
		}
		total.Number += m.Number
	}
	return total, nil
}

// hooked records the calls of a server's hook.
type hooked struct {
	mu    sync.Mutex // guards the field below
	calls []hookCall
}

type hookCall struct {
	err error
	op  *endpoint.Operation
}

func (h *hooked) around(hook func(context.Context, error)) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		h.mu.Lock()
		h.calls = append(h.calls, hookCall{err, endpoint.CallFrom(ctx).Operation()})
		h.mu.Unlock()
		if hook != nil {
			hook(ctx, err)
		}
	}
}

// after returns the calls of the hook except the first n.
func (h *hooked) after(n int) []hookCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls[min(n, len(h.calls)):])
}
