package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

type pair struct{ A, B call }

// none is an endpoint that does nothing.
func none(context.Context, string) (int, error) { return 0, nil }

// erased is a part of a description that keeps the endpoint that is added.
type erased struct{ e *shell.Endpoint }

func (p *erased) Add(e *shell.Endpoint) { p.e = e }

func erase(field *call) *shell.Endpoint {
	var p erased
	shell.Erase(field, &p)
	return p.e
}

var pigeons = service.Transport{Package: "pigeonx", Method: "Pigeon", Name: "pigeons"}

// describing returns the description of a pair on a server.
func describing(t *testing.T) (*service.Description, *pair) {
	t.Helper()
	p := &pair{A: none, B: none}
	d := service.NewDescription(pigeons, endpoint.ServerSide)
	require.True(t, d.Walk(p))
	require.Equal(t, "pair", d.Type())
	return d, p
}

// faultsOf returns the lines of what is wrong.
func faultsOf(d *service.Description) []string {
	if err := d.Err(); err != nil {
		return strings.Split(err.Error(), "\n")
	}
	return nil
}

func TestDescription(t *testing.T) {
	t.Parallel()
	d, p := describing(t)
	a := erase(&p.A)
	f, traits, ok := d.Describe(a, "POST /a")
	require.True(t, ok)
	require.Equal(t, service.Field{Path: "pair.A", Service: "pair", Name: "A"}, f)
	require.Zero(t, traits)
	d.Omit(erase(&p.B))
	d.Undescribed()
	stack := d.Operation(a, &endpoint.Operation{Service: "pair", Name: "A", Side: endpoint.ServerSide}, "at /a", endpoint.Stack{passing}, false)
	require.Len(t, stack, 2, "the layer, behind a mark")
	d.Clashes()
	require.NoError(t, d.Err())

	p.A = nil
	d.SetOmitted()
	require.Nil(t, p.A)
	_, err := p.B(t.Context(), "x")
	require.ErrorContains(t, err, "B is not served over pigeons")
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

// passing is a layer that does nothing.
var passing = endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil })

func TestDescribeFaults(t *testing.T) {
	t.Parallel()
	d, p := describing(t)
	var other call
	for _, field := range []*call{&p.A, nil, &other, &p.A} {
		_, _, ok := d.Describe(erase(field), "/x")
		require.Equal(t, field == &p.A && d.Err() == nil, ok)
	}
	d.Omit(erase(&p.A))
	d.Undescribed()
	require.Equal(t, []string{
		"pigeonx: pair: /x describes a nil pointer",
		"pigeonx: pair: /x describes an endpoint that is no field of the service; does its method Pigeon have a value receiver?",
		"pigeonx: pair.A: /x describes it again",
		"pigeonx: pair.A: Omit describes it again",
		"pigeonx: pair.B: it is not described; describe it, or declare it absent with Omit",
	}, faultsOf(d))
	p.A = nil
	d.SetOmitted()
	require.Nil(t, p.A, "it was omitted by mistake")
}

// refusing is a layer that is for no operation.
type refusing struct{ endpoint.LayerFunc }

var errRefused = errors.New("not for this operation")

func (refusing) Err() error { return errRefused }

func TestOperationFaults(t *testing.T) {
	t.Parallel()
	d, p := describing(t)
	a, b := erase(&p.A), erase(&p.B)
	gone := endpoint.Define(endpoint.NotFound, "pair", "GONE", "gone")
	lost := endpoint.Define(endpoint.DataLoss, "pair", "GONE", "lost")
	layers := endpoint.Stack{refusing{passing}}
	d.Operation(a, &endpoint.Operation{Service: "pair", Name: "Do", Fails: []*endpoint.Error{gone}}, "at /do", nil, false)
	require.Nil(t, d.Operation(b, &endpoint.Operation{Service: "pair", Name: "Do", Fails: []*endpoint.Error{lost}}, "at /do", layers, false))
	d.Operation(b, &endpoint.Operation{Service: "pair", Name: "Other", Fails: []*endpoint.Error{lost, gone}}, "at /other", nil, false)
	d.Clashes()
	require.Equal(t, []string{
		"pigeonx: pair.B: it is the operation pair.Do, as pair.A is; give one of them the option Named",
		"pigeonx: pair.B: it is at /do, as pair.A is",
		"pigeonx: pair.B: option Use: not for this operation",
		"pigeonx: pair: option Fails: pair/GONE is declared with the codes NOT_FOUND and DATA_LOSS",
	}, faultsOf(d))
}

// TestOperationOfNilEndpoint has endpoints that are not set, which only a server
// must have.
func TestOperationOfNilEndpoint(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end     endpoint.Side
		partial bool
		want    []string
	}{
		"a server":         {endpoint.ServerSide, false, []string{"pigeonx: pair.A: the endpoint is nil; set it, or give it the option Partial"}},
		"a partial server": {endpoint.ServerSide, true, nil},
		"a client":         {endpoint.ClientSide, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &pair{}
			d := service.NewDescription(pigeons, tt.end)
			require.True(t, d.Walk(p))
			d.Operation(erase(&p.A), &endpoint.Operation{Name: "A"}, "at /a", nil, tt.partial)
			require.Equal(t, tt.want, faultsOf(d))
		})
	}
}

// badTarget is a target that knows what is wrong with it.
type badTarget struct{ err error }

func (b badTarget) Err() error { return b.err }

func TestTarget(t *testing.T) {
	t.Parallel()
	d, _ := describing(t)
	d.Target("any other")
	d.Target(badTarget{})
	require.NoError(t, d.Err())
	d.Target(nil)
	d.Target(badTarget{errRefused})
	require.Equal(t, []string{"pigeonx: the target is nil", "not for this operation"}, faultsOf(d))
}

func TestDescriptionOfNoService(t *testing.T) {
	t.Parallel()
	d := service.NewDescription(service.Transport{Package: "pigeonx"}, endpoint.ClientSide)
	d.Fault("", errors.New("a nil option"))
	require.False(t, d.Walk(7))
	require.Equal(t, []string{"pigeonx: a nil option", "pigeonx: int is no pointer to a struct of endpoints"}, faultsOf(d))
}

func TestSameIdentities(t *testing.T) {
	t.Parallel()
	gone := endpoint.Define(endpoint.NotFound, "pair", "GONE", "gone")
	require.Equal(t, "pair/GONE", service.Identity(gone))
	require.Empty(t, service.SameIdentities([]*endpoint.Error{gone, gone}))
	lost := endpoint.Define(endpoint.DataLoss, "pair", "GONE", "lost")
	require.Len(t, service.SameIdentities([]*endpoint.Error{gone, lost, gone}), 2)
}

// stated is a service whose facts are a function.
type stated struct {
	A, B     call
	describe func(s *stated, f *endpoint.Facts)
}

func (s *stated) Describe(f *endpoint.Facts) { s.describe(s, f) }

// learning returns the description of a service with facts.
func learning(t *testing.T, describe func(s *stated, f *endpoint.Facts)) (*service.Description, *stated) {
	t.Helper()
	s := &stated{describe: describe}
	d := service.NewDescription(pigeons, endpoint.ClientSide)
	require.True(t, d.Walk(s))
	return d, s
}

var (
	errGone = endpoint.Define(endpoint.NotFound, "pair", "GONE", "gone")
	errFull = endpoint.Define(endpoint.ResourceExhausted, "pair", "FULL", "full")
)

// TestFacts checks that an operation has the facts of its own field, in the order in
// which they were declared.
func TestFacts(t *testing.T) {
	t.Parallel()
	d, s := learning(t, func(s *stated, f *endpoint.Facts) {
		f.Of(&s.A, endpoint.Fails(errGone), endpoint.Doc("does a"))
		f.Of(&s.A, endpoint.Fails(errFull, errGone), endpoint.Idempotent())
		f.Of(&s.A, endpoint.Doc(""))
	})
	_, a, ok := d.Describe(erase(&s.A), "/a")
	require.True(t, ok)
	require.Equal(t, service.Traits{Fails: []*endpoint.Error{errGone, errFull}, Idempotent: true, Doc: "does a"}, a)
	_, b, ok := d.Describe(erase(&s.B), "/b")
	require.True(t, ok)
	require.Zero(t, b)
	require.NoError(t, d.Err())
}

// byValue describes a copy of itself.
type byValue struct{ A call }

func (s byValue) Describe(f *endpoint.Facts) { f.Of(&s.A, endpoint.Idempotent()) }

func TestFactsFaults(t *testing.T) {
	t.Parallel()
	nameless := endpoint.Errorf(endpoint.Aborted, "nameless")
	foreign := "pigeonx: stated: Describe names an endpoint that is not a field of the service; does it have a value receiver?"
	for name, tt := range map[string]struct {
		describe func(s *stated, f *endpoint.Facts)
		want     []string
	}{
		"a nil fact":               {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, nil) }, []string{"pigeonx: stated.A: Describe: a nil fact"}},
		"a nil error":              {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Fails(nil)) }, []string{"pigeonx: stated.A: Describe: Fails: a nil error"}},
		"an error without a name":  {func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Fails(nameless)) }, []string{`pigeonx: stated.A: Describe: Fails: "nameless" has no identity; declare it with endpoint.Define`}},
		"a nil pointer":            {func(_ *stated, f *endpoint.Facts) { f.Of((*call)(nil), endpoint.Idempotent()) }, []string{"pigeonx: stated: Describe names a nil pointer"}},
		"a field of another":       {func(_ *stated, f *endpoint.Facts) { f.Of(new(call), endpoint.Idempotent()) }, []string{foreign}},
		"a fault of another":       {func(_ *stated, f *endpoint.Facts) { f.Of(new(call), nil, endpoint.Fails(nil)) }, []string{foreign, "pigeonx: stated: Describe: a nil fact", "pigeonx: stated: Describe: Fails: a nil error"}},
		"a fault of a nil pointer": {func(_ *stated, f *endpoint.Facts) { f.Of((*call)(nil), nil) }, []string{"pigeonx: stated: Describe names a nil pointer", "pigeonx: stated: Describe: a nil fact"}},
		"all at once": {
			func(s *stated, f *endpoint.Facts) {
				f.Of(&s.A, nil, endpoint.Fails(nil, nameless), nil)
				f.Of(new(call))
				f.Of(&s.B, endpoint.Fails(errGone, nil))
			},
			[]string{
				"pigeonx: stated.A: Describe: a nil fact", "pigeonx: stated.A: Describe: Fails: a nil error",
				`pigeonx: stated.A: Describe: Fails: "nameless" has no identity; declare it with endpoint.Define`,
				foreign, "pigeonx: stated.B: Describe: Fails: a nil error",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := learning(t, tt.describe)
			require.Equal(t, tt.want, faultsOf(d))

			d.Omit(erase(&s.A)) // has the faults of its facts all the same
			_, b, ok := d.Describe(erase(&s.B), "/b")
			require.True(t, ok)
			require.Empty(t, b.Faults, "they are reported once")
			require.NotContains(t, b.Fails, (*endpoint.Error)(nil))
			require.Equal(t, tt.want, faultsOf(d))
		})
	}
}

// TestFactsByValue has a method Describe with a value receiver.
func TestFactsByValue(t *testing.T) {
	t.Parallel()
	d := service.NewDescription(pigeons, endpoint.ServerSide)
	require.True(t, d.Walk(&byValue{A: none}))
	require.Equal(t, []string{"pigeonx: byValue: Describe names an endpoint that is not a field of the service; does it have a value receiver?"}, faultsOf(d))
}

// TestFactsOfBrokenService does not ask a service whose struct has faults.
func TestFactsOfBrokenService(t *testing.T) {
	t.Parallel()
	type broken struct {
		*stated
		Other *pair
	}
	s := &broken{stated: &stated{describe: func(*stated, *endpoint.Facts) { t.Error("it is asked") }}}
	d := service.NewDescription(pigeons, endpoint.ServerSide)
	require.False(t, d.Walk(s))
	require.Equal(t, []string{"pigeonx: broken.Other is a nil pointer to a struct of endpoints"}, faultsOf(d))
}

// TestFactsOfPart has facts that an embedded service describes.
func TestFactsOfPart(t *testing.T) {
	t.Parallel()
	type outer struct {
		stated
		Own call
	}
	s := &outer{describe: func(s *stated, f *endpoint.Facts) { f.Of(&s.A, endpoint.Doc("does a")) }}
	d := service.NewDescription(pigeons, endpoint.ClientSide)
	require.True(t, d.Walk(s))
	require.NoError(t, d.Err())
	_, a, ok := d.Describe(erase(&s.A), "/a")
	require.True(t, ok)
	require.Equal(t, "does a", a.Doc)
}

// TestOptions has options that belong to the other end.
func TestOptions(t *testing.T) {
	t.Parallel()
	config := func() *service.Config {
		c := &service.Config{}
		c.AddHook(nil)
		c.OnlyServer("Serve")
		c.OnlyClient("Call")
		return c
	}
	for side, want := range map[endpoint.Side][]string{
		endpoint.ServerSide: {"pigeonx: option ErrorHook: the function is nil", "pigeonx: option Call is for clients"},
		endpoint.ClientSide: {"pigeonx: option ErrorHook: the function is nil", "pigeonx: option ErrorHook is for servers", "pigeonx: option Serve is for servers"},
	} {
		d := service.NewDescription(pigeons, side)
		d.Options(config())
		require.Equal(t, want, faultsOf(d), side)
		d = service.NewDescription(pigeons, side)
		d.Options(&service.Config{})
		require.NoError(t, d.Err())
	}
}
