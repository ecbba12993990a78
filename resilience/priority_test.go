package resilience_test

import (
	"context"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// A view is a form in which a transport writes metadata.
type view = func(map[string][]string) endpoint.Header

// incoming returns the context of a call that is served, with the header as it
// came in that form; "-" for none.
func incoming(tb testing.TB, form view, priority string) context.Context {
	tb.Helper()
	h := form(nil)
	if priority != "-" {
		h.Set(resilience.PriorityHeader, priority)
	}
	ctx, _, err := endpoint.StartCall(tb.Context(), &endpoint.Operation{Side: endpoint.ServerSide}, h, endpoint.Header{})
	if err != nil {
		tb.Fatal(err)
	}
	return ctx
}

// trusting returns a Shed of a server whose callers are trusted.
func trusting(opts ...resilience.ShedOption) *resilience.Shed {
	return resilience.NewShed(append(opts, resilience.TrustPriority())...)
}

// sent returns the header that a client call under ctx sends.
func sent(ctx context.Context, tb testing.TB) string {
	tb.Helper()
	ctx, _, err := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ClientSide}, endpoint.Header{}, endpoint.Header{})
	if err != nil {
		tb.Fatal(err)
	}
	return endpoint.CallFrom(ctx).Header().Get(resilience.PriorityHeader)
}

// through returns the priority that a handler under the Shed has, and the header
// that its own calls send.
func through(ctx context.Context, tb testing.TB, shed *resilience.Shed) (p resilience.Priority, header string) {
	tb.Helper()
	e := shed.Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		p, header = resilience.PriorityFrom(ctx), sent(ctx, tb)
		return endpoint.Empty{}, nil
	})
	if _, err := e(ctx, endpoint.Empty{}); err != nil {
		tb.Fatal(err)
	}
	return p, header
}

func TestPriorityOverTheWire(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		want   resilience.Priority
		next   string
	}{
		{"-", resilience.Critical, ""},
		{"1", resilience.CriticalPlus, "1"},
		{"0", resilience.Critical, "0"},
		{"-1", resilience.SheddablePlus, "-1"},
		{"-2", resilience.Sheddable, "-2"},
		{"-5", resilience.Sheddable, "-2"},
		{"100000", resilience.CriticalPlus, "1"},
		{"100000000000000000000000000", resilience.CriticalPlus, "1"},
		{"-100000000000000000000000000", resilience.Sheddable, "-2"},
		{"x", resilience.Critical, "0"},
		{"", resilience.Critical, "0"},
		{"1.5", resilience.Critical, "0"},
	} {
		for name, form := range map[string]view{"HTTP": endpoint.HTTPHeader, "metadata": endpoint.MetadataHeader} {
			t.Run(name+" "+tt.header, func(t *testing.T) {
				t.Parallel()
				p, next := through(incoming(t, form, tt.header), t, trusting())
				if p != tt.want || next != tt.next {
					t.Errorf("header %q: priority %v, next hop gets %q, want %v and %q", tt.header, p, next, tt.want, tt.next)
				}
			})
		}
	}
}

func TestPriorityAtTheEdge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		shed   *resilience.Shed
		header string
		want   resilience.Priority
		next   string
	}{
		{"strangers", resilience.NewShed(), "1", resilience.Critical, "0"},
		{"strangers, lower", resilience.NewShed(), "-2", resilience.Critical, "0"},
		{"strangers, none", resilience.NewShed(), "-", resilience.Critical, ""},
		{"strangers, bounded", resilience.NewShed(resilience.MaxPriority(resilience.SheddablePlus)), "1", resilience.SheddablePlus, "-1"},
		{"at most", trusting(resilience.MaxPriority(resilience.SheddablePlus)), "1", resilience.SheddablePlus, "-1"},
		{"at most, lower", trusting(resilience.MaxPriority(resilience.SheddablePlus)), "-2", resilience.Sheddable, "-2"},
		{"at most, none", trusting(resilience.MaxPriority(resilience.SheddablePlus)), "-", resilience.SheddablePlus, "-1"},
		{"at most, out of range", trusting(resilience.MaxPriority(99)), "1", resilience.CriticalPlus, "1"},
	} {
		for name, form := range map[string]view{"HTTP": endpoint.HTTPHeader, "metadata": endpoint.MetadataHeader} {
			t.Run(name+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				p, next := through(incoming(t, form, tt.header), t, tt.shed)
				if p != tt.want || next != tt.next {
					t.Errorf("priority %v, next hop gets %q, want %v and %q", p, next, tt.want, tt.next)
				}
			})
		}
	}
}

// TestPriorityOfALayerOutside: what the server's own code says counts more than
// the header, also for a second Shed inside the first.
func TestPriorityOfALayerOutside(t *testing.T) {
	t.Parallel()
	ctx := resilience.WithPriority(incoming(t, endpoint.HTTPHeader, "1"), resilience.Sheddable)
	if p, next := through(ctx, t, resilience.NewShed()); p != resilience.Sheddable || next != "-2" {
		t.Errorf("priority %v, next hop gets %q, want SHEDDABLE and -2", p, next)
	}
	edge := resilience.NewShed()
	inner := edge.Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		if p, _ := through(ctx, t, trusting()); p != resilience.Critical {
			t.Errorf("the Shed inside reads the header that the one outside ignored: %v", p)
		}
		return endpoint.Empty{}, nil
	})
	if _, err := inner(incoming(t, endpoint.HTTPHeader, "1"), endpoint.Empty{}); err != nil {
		t.Fatal(err)
	}
}

func TestWithPriorityClamps(t *testing.T) {
	t.Parallel()
	for p, want := range map[resilience.Priority]string{-128: "-2", 127: "1", resilience.SheddablePlus: "-1"} {
		if got := sent(resilience.WithPriority(t.Context(), p), t); got != want {
			t.Errorf("WithPriority(%d) sends %q, want %q", int8(p), got, want)
		}
	}
}

func TestPriorityString(t *testing.T) {
	t.Parallel()
	for p, want := range map[resilience.Priority]string{
		-128: "SHEDDABLE", -2: "SHEDDABLE", -1: "SHEDDABLE_PLUS", 0: "CRITICAL", 1: "CRITICAL_PLUS", 127: "CRITICAL_PLUS",
	} {
		if got := p.String(); got != want {
			t.Errorf("Priority(%d).String() = %q, want %q", int8(p), got, want)
		}
	}
}

func FuzzPriority(f *testing.F) {
	for _, seed := range []string{"", "0", "1", "-2", "100000", "-5", "x", "9223372036854775808", "+1", " 1", "0x1", "1_0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		p, next := through(incoming(t, endpoint.MetadataHeader, header), t, trusting())
		if p < resilience.Sheddable || p > resilience.CriticalPlus {
			t.Errorf("header %q: priority %d", header, int8(p))
		}
		if again, _ := through(incoming(t, endpoint.MetadataHeader, next), t, trusting()); again != p {
			t.Errorf("header %q: %v here, %v at the next hop", header, p, again)
		}
	})
}
