package httpx_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// stated is a service of two endpoints that declares facts about them. A also has
// options of its route.
type stated struct {
	A, B  endpoint.Endpoint[Text, Text]
	facts func(s *stated, f *endpoint.Facts)
	opts  []httpx.RouteOption
	omit  bool // B
}

func (s *stated) Describe(f *endpoint.Facts) { s.facts(s, f) }

func (s *stated) HTTP(r *httpx.Routes) {
	r.POST("/a", &s.A, s.opts...)
	if s.omit {
		r.Omit(&s.B)
	} else {
		r.POST("/b", &s.B)
	}
}

func state(facts func(s *stated, f *endpoint.Facts), opts ...httpx.RouteOption) *stated {
	return &stated{A: none[Text, Text], B: none[Text, Text], facts: facts, opts: opts}
}

// operations returns the operations of a service on both ends, by side and name.
func (s *stated) operations(t *testing.T) map[string]*endpoint.Operation {
	t.Helper()
	ops := map[string]*endpoint.Operation{}
	see := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation()
		ops[op.Side.String()+" "+op.Name] = op
		return ctx, nil, nil
	})
	c := state(s.facts, s.opts...)
	dial(t, listen(t, mounted(t, s, httpx.Use(see))), c, httpx.Use(see))
	for _, call := range []endpoint.Endpoint[Text, Text]{c.A, c.B} {
		_, err := call(t.Context(), Text{})
		require.NoError(t, err)
	}
	return ops
}

var errFull = endpoint.Define(endpoint.ResourceExhausted, "shop", "FULL", "full")

// TestFacts checks that both ends have the facts of a service, and the options of
// its route in addition.
func TestFacts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		facts func(s *stated, f *endpoint.Facts)
		opts  []httpx.RouteOption
		a, b  endpoint.Operation
	}{
		"nothing": {facts: func(*stated, *endpoint.Facts) {}},
		"facts": {
			facts: func(s *stated, f *endpoint.Facts) {
				f.Of(&s.A, endpoint.Fails(errOne), endpoint.Idempotent(), endpoint.Doc("does a"))
				f.Of(&s.B, endpoint.Doc("does b"))
			},
			a: endpoint.Operation{Fails: []*endpoint.Error{errOne}, Idempotent: true, Doc: "does a"},
			b: endpoint.Operation{Doc: "does b"},
		},
		"facts in parts": {
			facts: func(s *stated, f *endpoint.Facts) {
				f.Of(&s.A, endpoint.Fails(errOne), endpoint.Doc("did a"))
				f.Of(&s.B)
				f.Of(&s.A, endpoint.Doc("does a"), endpoint.Fails(errFull, errOne))
			},
			a: endpoint.Operation{Fails: []*endpoint.Error{errOne, errFull}, Doc: "does a"},
		},
		"options": {
			facts: func(*stated, *endpoint.Facts) {},
			opts:  []httpx.RouteOption{httpx.Fails(errOne), httpx.Idempotent()},
			a:     endpoint.Operation{Fails: []*endpoint.Error{errOne}, Idempotent: true},
		},
		"facts and options": {
			facts: func(s *stated, f *endpoint.Facts) {
				f.Of(&s.A, endpoint.Fails(errOne), endpoint.Doc("does a"))
			},
			opts: []httpx.RouteOption{httpx.Fails(errFull, errOne), httpx.Idempotent()},
			a:    endpoint.Operation{Fails: []*endpoint.Error{errOne, errFull}, Idempotent: true, Doc: "does a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ops := state(tt.facts, tt.opts...).operations(t)
			require.Len(t, ops, 4)
			for _, side := range []string{"server", "client"} {
				for name, want := range map[string]endpoint.Operation{"A": tt.a, "B": tt.b} {
					got := ops[side+" "+name]
					require.Equal(t, want.Fails, got.Fails, "%s %s", side, name)
					require.Equal(t, want.Idempotent, got.Idempotent, "%s %s", side, name)
					require.Equal(t, want.Doc, got.Doc, "%s %s", side, name)
				}
			}
		})
	}
}

// TestFactsFaults has all faults of facts, each of which both ends report.
func TestFactsFaults(t *testing.T) {
	t.Parallel()
	nameless := endpoint.Errorf(endpoint.Aborted, "nameless")
	foreign := "httpx: stated: Describe names an endpoint that is not a field of the service; does it have a value receiver?"
	for name, tt := range map[string]struct {
		facts func(s *stated, f *endpoint.Facts)
		opts  []httpx.RouteOption
		want  []string
	}{
		"a nil fact":              {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, nil) }, nil, []string{"httpx: stated.A: Describe: a nil fact"}},
		"a nil error":             {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Fails(nil)) }, nil, []string{"httpx: stated.A: Describe: Fails: a nil error"}},
		"an error without a name": {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Fails(nameless)) }, nil, []string{`httpx: stated.A: Describe: Fails: "nameless" has no identity; declare it with endpoint.Define`}},
		"a nil pointer":           {func(_ *stated, f *endpoint.Facts) { f.Of((*endpoint.Endpoint[Text, Text])(nil)) }, nil, []string{"httpx: stated: Describe names a nil pointer"}},
		"a foreign field":         {func(_ *stated, f *endpoint.Facts) { f.Of(new(endpoint.Endpoint[Text, Text])) }, nil, []string{foreign}},
		"one identity, two codes": {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Fails(errOne, errSameOne)) }, nil, []string{"httpx: stated.A: option Fails: shop/GONE is declared with the codes NOT_FOUND and ABORTED"}},
		"an option with another code": {
			func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Fails(errOne)) },
			[]httpx.RouteOption{httpx.Fails(errSameOne)},
			[]string{"httpx: stated.A: option Fails: shop/GONE is declared with the codes NOT_FOUND and ABORTED"},
		},
		"another field with another code": {
			func(s *stated, f *endpoint.Facts) {
				f.Of(&s.A, endpoint.Fails(errOne))
				f.Of(&s.B, endpoint.Fails(errSameOne))
			}, nil,
			[]string{"httpx: stated: option Fails: shop/GONE is declared with the codes NOT_FOUND and ABORTED"},
		},
		"all at once": {
			func(s *stated, f *endpoint.Facts) {
				f.Of(&s.A, nil, endpoint.Fails(nil, nameless))
				f.Of(new(endpoint.Endpoint[Text, Text]), nil)
				f.Of(&s.B, endpoint.Fails(nil))
			},
			[]httpx.RouteOption{nil, httpx.Fails(nil), httpx.MaxBody(0)},
			[]string{
				"httpx: stated.A: Describe: a nil fact", "httpx: stated.A: Describe: Fails: a nil error", `httpx: stated.A: Describe: Fails: "nameless"`,
				foreign, "httpx: stated: Describe: a nil fact", "httpx: stated.B: Describe: Fails: a nil error",
				"httpx: stated.A: a nil option", "httpx: stated.A: option Fails: a nil error", "httpx: stated.A: option MaxBody: 0",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, state(tt.facts, tt.opts...), tt.want)
		})
	}
	omitted := state(func(s *stated, f *endpoint.Facts) { f.Of(&s.B, endpoint.Fails(nil)) })
	omitted.omit = true
	refused(t, omitted, []string{"httpx: stated.B: Describe: Fails: a nil error"})
}

// copied declares facts about a copy of itself.
type copied struct{ A endpoint.Endpoint[Text, Text] }

func (s copied) Describe(f *endpoint.Facts) { f.Of(&s.A, endpoint.Idempotent()) }
func (s *copied) HTTP(r *httpx.Routes)      { r.POST("/a", &s.A) }

// TestFactsByValue has a method Describe with a value receiver.
func TestFactsByValue(t *testing.T) {
	t.Parallel()
	refused(t, &copied{none[Text, Text]}, []string{"httpx: copied: Describe names an endpoint that is not a field of the service; does it have a value receiver?"})
}

// TestFactsCount checks that what a fact declares has its effect: an error of another
// service keeps its identity, and a call that may have been sent can be repeated.
func TestFactsCount(t *testing.T) {
	t.Parallel()
	for _, declared := range []bool{false, true} {
		facts := func(s *stated, f *endpoint.Facts) {
			if declared {
				f.Of(&s.A, endpoint.Fails(errOne), endpoint.Idempotent())
			}
		}
		s := state(facts)
		s.A = func(context.Context, Text) (Text, error) {
			return Text{}, endpoint.FromWire(errOne.Code(), errOne.Domain(), errOne.Reason(), errOne.Message())
		}
		s.B = func(context.Context, Text) (Text, error) { panic(http.ErrAbortHandler) }
		c := state(facts)
		dial(t, listen(t, mounted(t, s)), c)
		_, err := c.A(t.Context(), Text{})
		require.Error(t, err)
		if declared {
			require.ErrorIs(t, err, errOne)
		} else {
			require.NotErrorIs(t, err, errOne)
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		}
		require.Equal(t, !declared, endpoint.MaybeSent(err))
		_, err = c.B(t.Context(), Text{})
		require.True(t, endpoint.MaybeSent(err), "B is never idempotent")
	}
}
