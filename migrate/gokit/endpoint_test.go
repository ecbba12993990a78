package gokit_test

import (
	"context"
	"errors"
	"testing"

	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit"
)

// kitSum is an endpoint of go-kit with the types of ours.
func kitSum(ctx context.Context, request any) (any, error) { return sum(ctx, request.(sumRequest)) }

// answer returns an endpoint of go-kit that answers all requests alike.
func answer(resp any, err error) kitendpoint.Endpoint {
	return func(context.Context, any) (any, error) { return resp, err }
}

func TestSet(t *testing.T) {
	t.Parallel()
	var svc adder
	gokit.Set(&svc.Sum, kitSum)
	got, err := svc.Sum(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, sumReply{3}, got)
	_, err = svc.Sum(t.Context(), sumRequest{})
	require.ErrorIs(t, err, errTwoZeroes)

	gokit.Set(&svc.Sum, nil)
	require.ErrorContains(t, httpx.Mount(httpRouter(), &svc), "adder.Sum")
}

func TestSetOfOtherTypes(t *testing.T) {
	t.Parallel()
	type otherReply struct{}
	for name, tt := range map[string]struct {
		e     kitendpoint.Endpoint
		cause string
	}{
		"response":            {answer(otherReply{}, nil), "gokit: the response is gokit_test.otherReply, want gokit_test.sumReply"},
		"pointer":             {answer(&sumReply{}, nil), "gokit: the response is *gokit_test.sumReply, want gokit_test.sumReply"},
		"nil":                 {answer(nil, nil), "gokit: the response is nil, want gokit_test.sumReply"},
		"request":             {func(_ context.Context, r any) (any, error) { return r.(otherReply), nil }, "gokit: the request: interface conversion: interface {} is gokit_test.sumRequest, not gokit_test.otherReply"},
		"request as a method": {func(_ context.Context, r any) (any, error) { return nil, r.(error) }, "gokit_test.sumRequest is not error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var svc adder
			gokit.Set(&svc.Sum, tt.e)
			_, err := svc.Sum(t.Context(), sumRequest{1, 2})
			require.ErrorIs(t, err, gokit.ErrType)
			require.ErrorContains(t, err, tt.cause)
			require.NotContains(t, endpoint.ErrorOf(err).Message(), "sumRe", "the caller is not told")
		})
	}
}

// TestSetOfSameName has types that only their packages tell apart.
func TestSetOfSameName(t *testing.T) {
	t.Parallel()
	type sumReply struct{}
	for got, want := range map[any]string{
		sumReply{}:    "is gokit_test.sumReply of github.com/typedkit/endpoint/migrate/gokit_test, want gokit_test.sumReply of github.com",
		&sumReply{}:   "is *gokit_test.sumReply, want gokit_test.sumReply",
		[1]sumReply{}: "is [1]gokit_test.sumReply, want gokit_test.sumReply",
	} {
		var svc adder
		gokit.Set(&svc.Sum, answer(got, nil))
		_, err := svc.Sum(t.Context(), sumRequest{})
		require.ErrorContains(t, err, want)
	}
	var pointers endpoint.Endpoint[endpoint.Empty, []*sumReply]
	gokit.Set(&pointers, answer(replies(), nil))
	_, err := pointers(t.Context(), endpoint.Empty{})
	require.ErrorContains(t, err, "is []*gokit_test.sumReply of github.com/typedkit/endpoint/migrate/gokit_test, want []*gokit_test.sumReply of github.com")
}

func replies() []*sumReply { return nil }

// TestSetPanic lets panics pass that are not about the type of the request.
func TestSetPanic(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, e := range map[string]kitendpoint.Endpoint{
		"value":     func(context.Context, any) (any, error) { panic(boom) },
		"assertion": func(context.Context, any) (any, error) { var v any = 1; return v.(string), nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var svc adder
			gokit.Set(&svc.Sum, e)
			require.Panics(t, func() { _, _ = svc.Sum(t.Context(), sumRequest{}) })
		})
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	for name, resp := range map[string]any{"nil": nil, "Empty": endpoint.Empty{}, "of Nop": struct{}{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
			gokit.Set(&e, answer(resp, nil))
			_, err := e(t.Context(), endpoint.Empty{})
			require.NoError(t, err)
			_, err = gokit.ToKit(e)(t.Context(), resp)
			require.NoError(t, err)
			_, err = endpoint.Chain(e, gokit.From(func(kitendpoint.Endpoint) kitendpoint.Endpoint { return answer(resp, nil) }).Wrap)(t.Context(), endpoint.Empty{})
			require.NoError(t, err)
		})
	}
	var e endpoint.Endpoint[endpoint.Empty, any]
	gokit.Set(&e, answer(nil, nil))
	got, err := e(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Nil(t, got, "nil is a value of an interface")
}

// oldRequest and oldReply are the types of a service of go-kit.
type (
	oldRequest struct{ A, B int }
	oldReply   struct {
		V   int
		Err error
	}
)

func (r oldReply) Failed() error { return r.Err }

func oldSum(_ context.Context, request any) (any, error) {
	r := request.(oldRequest)
	if r.A == 0 && r.B == 0 {
		return oldReply{Err: errTwoZeroes}, nil
	}
	return oldReply{V: r.A + r.B}, nil
}

func TestSetAs(t *testing.T) {
	t.Parallel()
	var svc adder
	to := func(r sumRequest) oldRequest { return oldRequest(r) }
	gokit.SetAs(&svc.Sum, oldSum, to, func(r oldReply) (sumReply, error) { return sumReply{r.V}, nil })
	got, err := svc.Sum(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, sumReply{3}, got)
	_, err = svc.Sum(t.Context(), sumRequest{})
	require.ErrorIs(t, err, errTwoZeroes, "of a Failer")

	gokit.SetAs(&svc.Sum, oldSum, to, func(*oldReply) (sumReply, error) { return sumReply{}, nil })
	_, err = svc.Sum(t.Context(), sumRequest{1, 2})
	require.ErrorIs(t, err, gokit.ErrType)
	require.ErrorContains(t, err, "is gokit_test.oldReply, want *gokit_test.oldReply")

	gokit.SetAs(&svc.Sum, nil, to, func(oldReply) (sumReply, error) { return sumReply{}, nil })
	require.Nil(t, svc.Sum)
	gokit.SetAs[sumRequest, sumReply, oldRequest, oldReply](&svc.Sum, oldSum, to, nil)
	require.Nil(t, svc.Sum)
}

func TestToKit(t *testing.T) {
	t.Parallel()
	var typed endpoint.Endpoint[sumRequest, sumReply] = sum
	e := gokit.ToKit(typed)
	got, err := e(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, sumReply{3}, got)
	for request, want := range map[any]string{
		(*sumRequest)(nil): "the request is *gokit_test.sumRequest, want gokit_test.sumRequest",
		nil:                "the request is nil, want gokit_test.sumRequest",
	} {
		_, err = e(t.Context(), request)
		require.ErrorIs(t, err, gokit.ErrType)
		require.ErrorContains(t, errors.Unwrap(err), want)
	}
	require.Nil(t, gokit.ToKit(endpoint.Endpoint[sumRequest, sumReply](nil)))
}

func TestToKitAs(t *testing.T) {
	t.Parallel()
	var typed endpoint.Endpoint[sumRequest, sumReply] = sum
	errOdd := errors.New("odd")
	to := func(r oldRequest) (sumRequest, error) {
		if r.A%2 != 0 {
			return sumRequest{}, errOdd
		}
		return sumRequest(r), nil
	}
	from := func(r sumReply) oldReply { return oldReply{V: r.V} }
	e := gokit.ToKitAs(typed, to, from)
	got, err := e(t.Context(), oldRequest{2, 2})
	require.NoError(t, err)
	require.Equal(t, oldReply{V: 4}, got)
	_, err = e(t.Context(), oldRequest{1, 2})
	require.Equal(t, errOdd, err)
	_, err = e(t.Context(), oldRequest{})
	require.ErrorIs(t, err, errTwoZeroes)
	_, err = e(t.Context(), sumRequest{})
	require.ErrorIs(t, err, gokit.ErrType)
	require.Nil(t, gokit.ToKitAs[sumRequest, sumReply, oldRequest](typed, nil, from))
	require.Nil(t, gokit.ToKitAs(nil, to, from))
}
