package resilience_test

import (
	"context"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// incoming returns the context of a call that is served, with the header as it
// came; "-" for none.
func incoming(t testing.TB, form endpoint.HeaderForm, priority string) context.Context {
	t.Helper()
	h := endpoint.HeaderView(nil, form)
	if priority != "-" {
		h.Set(resilience.PriorityHeader, priority)
	}
	ctx, _, err := endpoint.StartCall(t.Context(), &endpoint.Operation{}, endpoint.ServerSide, h, endpoint.Header{})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// sent returns the header that a client call under ctx sends.
func sent(t testing.TB, ctx context.Context) string {
	t.Helper()
	_, call, err := endpoint.StartCall(ctx, &endpoint.Operation{}, endpoint.ClientSide, endpoint.Header{}, endpoint.Header{})
	if err != nil {
		t.Fatal(err)
	}
	return call.Header().Get(resilience.PriorityHeader)
}

// through returns the priority that a handler under the Shed has, and the header
// that its own calls send.
func through(t testing.TB, shed *resilience.Shed, ctx context.Context) (p resilience.Priority, header string) {
	t.Helper()
	e := shed.Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		p, header = resilience.PriorityFrom(ctx), sent(t, ctx)
		return endpoint.Empty{}, nil
	})
	if _, err := e(ctx, endpoint.Empty{}); err != nil {
		t.Fatal(err)
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
		for form, name := range map[endpoint.HeaderForm]string{endpoint.HTTPForm: "HTTP", endpoint.MetadataForm: "metadata"} {
			t.Run(name+" "+tt.header, func(t *testing.T) {
				t.Parallel()
				p, next := through(t, resilience.NewShed(), incoming(t, form, tt.header))
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
		opt    resilience.ShedOption
		header string
		want   resilience.Priority
		next   string
	}{
		{"stripped", resilience.StripPriority(), "1", resilience.Critical, "0"},
		{"stripped, none", resilience.StripPriority(), "-", resilience.Critical, ""},
		{"at most", resilience.MaxPriority(resilience.SheddablePlus), "1", resilience.SheddablePlus, "-1"},
		{"at most, lower", resilience.MaxPriority(resilience.SheddablePlus), "-2", resilience.Sheddable, "-2"},
		{"at most, none", resilience.MaxPriority(resilience.SheddablePlus), "-", resilience.SheddablePlus, "-1"},
		{"at most, out of range", resilience.MaxPriority(99), "1", resilience.CriticalPlus, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, next := through(t, resilience.NewShed(tt.opt), incoming(t, endpoint.HTTPForm, tt.header))
			if p != tt.want || next != tt.next {
				t.Errorf("priority %v, next hop gets %q, want %v and %q", p, next, tt.want, tt.next)
			}
		})
	}
}

// TestPriorityOfALayerOutside: what the server's own code says counts more than
// the header, also for a second Shed inside the first.
func TestPriorityOfALayerOutside(t *testing.T) {
	t.Parallel()
	ctx := resilience.WithPriority(incoming(t, endpoint.HTTPForm, "1"), resilience.Sheddable)
	if p, next := through(t, resilience.NewShed(), ctx); p != resilience.Sheddable || next != "-2" {
		t.Errorf("priority %v, next hop gets %q, want SHEDDABLE and -2", p, next)
	}
	edge := resilience.NewShed(resilience.StripPriority())
	inner := edge.Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		if p, _ := through(t, resilience.NewShed(), ctx); p != resilience.Critical {
			t.Errorf("the Shed inside reads the header that was stripped: %v", p)
		}
		return endpoint.Empty{}, nil
	})
	if _, err := inner(incoming(t, endpoint.HTTPForm, "1"), endpoint.Empty{}); err != nil {
		t.Fatal(err)
	}
}

func TestWithPriorityClamps(t *testing.T) {
	t.Parallel()
	for p, want := range map[resilience.Priority]string{-128: "-2", 127: "1", resilience.SheddablePlus: "-1"} {
		if got := sent(t, resilience.WithPriority(t.Context(), p)); got != want {
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
		p, next := through(t, resilience.NewShed(), incoming(t, endpoint.MetadataForm, header))
		if p < resilience.Sheddable || p > resilience.CriticalPlus {
			t.Errorf("header %q: priority %d", header, int8(p))
		}
		if again, _ := through(t, resilience.NewShed(), incoming(t, endpoint.MetadataForm, next)); again != p {
			t.Errorf("header %q: %v here, %v at the next hop", header, p, again)
		}
	})
}
