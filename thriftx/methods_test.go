package thriftx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// described is a service whose description is a func.
type described struct {
	Sum    endpoint.Endpoint[SumRequest, int64]
	Add    endpoint.Endpoint[SumRequest, int64]
	Stream endpoint.Endpoint[SumRequest, endpoint.Stream[int64]]

	describe func(s *described, m *thriftx.Methods)
}

func (s *described) Thrift(m *thriftx.Methods) { s.describe(s, m) }

func TestDescriptionFaults(t *testing.T) {
	t.Parallel()
	others := func(s *described, m *thriftx.Methods) {
		m.Method("add", &s.Add, sumArgs, sumResult)
		m.Omit(&s.Stream)
	}
	streamResult := thriftx.MapResult(
		func(endpoint.Stream[int64], error) *zoothrift.ZooSumResult { return nil },
		func(*zoothrift.ZooSumResult) (endpoint.Stream[int64], error) { return nil, nil },
	)
	for name, tt := range map[string]struct {
		describe func(s *described, m *thriftx.Methods)
		want     string
	}{
		"nothing": {
			func(*described, *thriftx.Methods) {},
			"thriftx: described.Sum: it is not described; describe it, or declare it absent with Omit\n" +
				"thriftx: described.Add: it is not described; describe it, or declare it absent with Omit\n" +
				"thriftx: described.Stream: it is not described; describe it, or declare it absent with Omit",
		},
		"a stream": {
			func(s *described, m *thriftx.Methods) {
				m.Method("sum", &s.Sum, sumArgs, sumResult)
				m.Method("add", &s.Add, sumArgs, sumResult)
				m.Method("stream", &s.Stream, sumArgs, streamResult)
			},
			"thriftx: described.Stream: the response is a Stream, which Thrift has no form for",
		},
		"names": {
			func(s *described, m *thriftx.Methods) {
				m.Method("", &s.Sum, sumArgs, sumResult)
				m.Method("a b", &s.Add, sumArgs, sumResult)
				m.Omit(&s.Stream)
			},
			"thriftx: described.Sum: \"\" is not a name of a method\nthriftx: described.Add: \"a b\" is not a name of a method",
		},
		"one name twice": {
			func(s *described, m *thriftx.Methods) {
				m.Method("add", &s.Sum, sumArgs, sumResult)
				others(s, m)
			},
			`thriftx: described.Add: it is the method "add", as described.Sum is`,
		},
		"no mappings": {
			func(s *described, m *thriftx.Methods) {
				m.Method("sum", &s.Sum, thriftx.Mapping[SumRequest, *zoothrift.ZooSumArgs]{}, thriftx.ResultMapping[int64, *zoothrift.ZooSumResult]{})
				others(s, m)
			},
			"thriftx: described.Sum: the mapping of the arguments is zero\nthriftx: described.Sum: the mapping of the result is zero",
		},
		"mappings without functions": {
			func(s *described, m *thriftx.Methods) {
				m.Method("sum", &s.Sum, thriftx.Map[SumRequest, *zoothrift.ZooSumArgs](nil, nil), thriftx.MapResult[int64, *zoothrift.ZooSumResult](nil, nil))
				others(s, m)
			},
			"thriftx: described.Sum: Map of thriftx_test.SumRequest: a function is nil\nthriftx: described.Sum: MapResult of int64: a function is nil",
		},
		"options": {
			func(s *described, m *thriftx.Methods) {
				m.Method("sum", &s.Sum, sumArgs, sumResult, nil, thriftx.Fails(nil), thriftx.Named(""))
				others(s, m)
			},
			"thriftx: described.Sum: a nil option\nthriftx: described.Sum: option Fails: a nil error\nthriftx: described.Sum: option Named: the name is empty",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, thriftx.Client(thriftx.To("localhost:1"), &described{describe: tt.describe}), tt.want)
		})
	}
}

func TestRegisterFaults(t *testing.T) {
	t.Parallel()
	require.EqualError(t, thriftx.Register(nil, newShop(nil)), "thriftx: the server is nil")
	require.EqualError(t, thriftx.Register(thriftx.NewServer(), &Shop{}, thriftx.CallTimeout(1)),
		"thriftx: option CallTimeout is for clients\n"+
			"thriftx: Shop.Sum: the endpoint is nil; set it, or give it the option Partial\n"+
			"thriftx: Shop.Order: the endpoint is nil; set it, or give it the option Partial\n"+
			"thriftx: Shop.Note: the endpoint is nil; set it, or give it the option Partial")
	s := thriftx.NewServer()
	require.NoError(t, thriftx.Register(s, newShop(nil)))
	require.EqualError(t, thriftx.Register(s, newShop(nil), thriftx.Named("again")),
		"thriftx: Shop.Sum: the method \"sum\" is registered already\n"+
			"thriftx: Shop.Order: the method \"order\" is registered already\n"+
			"thriftx: Shop.Note: the method \"note\" is registered already")

	bad := thriftx.NewServer(nil, thriftx.Speak(77), thriftx.MaxMessage(0), thriftx.IdleTimeout(0), thriftx.MessageTimeout(-1),
		thriftx.WriteTimeout(0), thriftx.MaxConnections(0), thriftx.ReadBudget(0))
	want := "thriftx: NewServer: a nil option\nthriftx: Speak: unknown protocol 77\n" +
		"thriftx: MaxMessage must be positive and less than 2 GiB, got 0\n" +
		"thriftx: IdleTimeout must be positive, got 0s\nthriftx: MessageTimeout must be positive, got -1ns\n" +
		"thriftx: WriteTimeout must be positive, got 0s\nthriftx: MaxConnections must be positive, got 0\nthriftx: ReadBudget must be positive, got 0"
	require.EqualError(t, thriftx.Register(bad, newShop(nil)), want)
	require.EqualError(t, bad.Serve(listen(t)), want)
}

func TestClientFaults(t *testing.T) {
	t.Parallel()
	require.EqualError(t, thriftx.Client(nil, new(Shop), thriftx.ErrorHook(func(context.Context, error) {})),
		"thriftx: option ErrorHook is for servers\nthriftx: the target is nil")
	require.EqualError(t, thriftx.Client((*thriftx.Conn)(nil), new(Shop)), "thriftx: the Conn is nil")
	want := "thriftx: To: the address is empty\nthriftx: To: a nil option\nthriftx: Dial: the func is nil\nthriftx: MaxIdle must not be negative, got -1"
	require.EqualError(t, thriftx.Client(thriftx.To("", nil, thriftx.Dial(nil), thriftx.MaxIdle(-1)), new(Shop)), want)
	_, err := thriftx.Dialer(nil, thriftx.Dial(nil), thriftx.MaxIdle(-1))(t.Context(), "")
	require.EqualError(t, err, want)
}

func TestOmit(t *testing.T) {
	t.Parallel()
	s := &described{describe: func(s *described, m *thriftx.Methods) {
		m.Method("sum", &s.Sum, sumArgs, sumResult)
		m.Omit(&s.Add)
		m.Omit(&s.Stream)
	}}
	require.NoError(t, thriftx.Client(thriftx.To("localhost:1"), s))
	_, err := s.Add(t.Context(), SumRequest{})
	require.EqualError(t, err, "Add is not served over Thrift")
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

// TestPartial has a server without one of its endpoints.
func TestPartial(t *testing.T) {
	t.Parallel()
	partial := &described{describe: func(s *described, m *thriftx.Methods) {
		m.Method("sum", &s.Sum, sumArgs, sumResult, thriftx.Partial())
		m.Omit(&s.Add)
		m.Omit(&s.Stream)
	}}
	_, l := serve(t, partial, nil)
	c, _ := dial(t, l)
	_, err := c.Sum(t.Context(), SumRequest{1, 2})
	require.EqualError(t, err, "Sum is not implemented")
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

// TestLateMethods has a Methods that is used when its service is described.
func TestLateMethods(t *testing.T) {
	t.Parallel()
	var kept *thriftx.Methods
	s := &described{describe: func(s *described, m *thriftx.Methods) {
		m.Omit(&s.Sum)
		m.Omit(&s.Add)
		m.Omit(&s.Stream)
		kept = m
	}}
	require.NoError(t, thriftx.Client(thriftx.To("localhost:1"), s))
	require.Panics(t, func() { kept.Omit(&s.Sum) })
}
