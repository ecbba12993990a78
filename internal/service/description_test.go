package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

type pair struct{ A, B call }

// describing returns the description of a pair on a server.
func describing(t *testing.T) (*service.Description, *pair) {
	t.Helper()
	p := &pair{}
	d := service.NewDescription(service.Transport{Package: "pigeonx", Method: "Pigeon", Name: "pigeons"}, endpoint.ServerSide)
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
	f, ok := d.Describe(unsafe.Pointer(&p.A), "POST /a")
	require.True(t, ok)
	require.Equal(t, service.Field{Path: "pair.A", Service: "pair", Name: "A"}, f)
	d.Omit(&p.B)
	d.Undescribed()
	d.Operation(f, &endpoint.Operation{Service: "pair", Name: "A"}, "at /a", nil)
	d.Clashes()
	require.NoError(t, d.Err())

	d.SetOmitted()
	require.Nil(t, p.A)
	_, err := p.B(t.Context(), "x")
	require.ErrorContains(t, err, "B is not served over pigeons")
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

func TestDescribeFaults(t *testing.T) {
	t.Parallel()
	d, p := describing(t)
	var other call
	for _, addr := range []unsafe.Pointer{unsafe.Pointer(&p.A), nil, unsafe.Pointer(&other), unsafe.Pointer(&p.A)} {
		d.Describe(addr, "/x")
	}
	d.Omit(&p.A)
	d.Undescribed()
	require.Equal(t, []string{
		"pigeonx: pair: /x describes a nil pointer",
		"pigeonx: pair: /x describes an endpoint that is no field of the service; does its method Pigeon have a value receiver?",
		"pigeonx: pair.A: /x describes it again",
		"pigeonx: pair.A: Omit describes it again",
		"pigeonx: pair.B: it is not described; describe it, or declare it absent with Omit",
	}, faultsOf(d))
	d.SetOmitted()
	require.Nil(t, p.A, "it was omitted by mistake")
}

// refusing is a layer that is for no operation.
type refusing struct{ endpoint.LayerFunc }

var errRefused = errors.New("not for this operation")

func (refusing) Err() error { return errRefused }

func TestOperationFaults(t *testing.T) {
	t.Parallel()
	d, _ := describing(t)
	a, b := service.Field{Path: "pair.A"}, service.Field{Path: "pair.B"}
	gone := endpoint.Define(endpoint.NotFound, "pair", "GONE", "gone")
	lost := endpoint.Define(endpoint.DataLoss, "pair", "GONE", "lost")
	layers := endpoint.Stack{refusing{func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil }}}
	d.Operation(a, &endpoint.Operation{Service: "pair", Name: "Do", Fails: []*endpoint.Error{gone}}, "at /do", nil)
	d.Operation(b, &endpoint.Operation{Service: "pair", Name: "Do", Fails: []*endpoint.Error{lost}}, "at /do", layers)
	d.Operation(b, &endpoint.Operation{Service: "pair", Name: "Other", Fails: []*endpoint.Error{lost, gone}}, "at /other", nil)
	d.Clashes()
	require.Equal(t, []string{
		"pigeonx: pair.B: it is the operation pair.Do, as pair.A is; give one of them the option Named",
		"pigeonx: pair.B: it is at /do, as pair.A is",
		"pigeonx: pair.B: option Use: not for this operation",
		"pigeonx: pair: option Fails: pair/GONE is declared with the codes NOT_FOUND and DATA_LOSS",
	}, faultsOf(d))
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
