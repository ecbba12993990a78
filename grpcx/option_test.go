package grpcx_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
)

// every is a service with a method of each kind, described by a function.
type every struct {
	Echo

	describe func(s *every, m *grpcx.Methods)
}

func (s *every) GRPC(m *grpcx.Methods) {
	m.Service("test.Every")
	s.describe(s, m)
}

// TestNilOptions has a nil option at every place that takes options of a service or
// of a method.
func TestNilOptions(t *testing.T) {
	t.Parallel()
	for name, describe := range map[string]func(s *every, m *grpcx.Methods){
		"Unary":          func(s *every, m *grpcx.Methods) { m.Unary("X", &s.Say, nil) },
		"UnaryAs":        func(s *every, m *grpcx.Methods) { m.UnaryAs("X", &s.Say, note, note, nil) },
		"ServerStream":   func(s *every, m *grpcx.Methods) { m.ServerStream("X", &s.Count, nil) },
		"ServerStreamAs": func(s *every, m *grpcx.Methods) { m.ServerStreamAs("X", &s.Count, note, note, nil) },
		"ClientStream":   func(s *every, m *grpcx.Methods) { m.ClientStream("X", &s.Sum, nil) },
		"ClientStreamAs": func(s *every, m *grpcx.Methods) { m.ClientStreamAs("X", &s.Sum, note, note, nil) },
		"Bidi":           func(s *every, m *grpcx.Methods) { m.Bidi("X", &s.Talk, nil) },
		"BidiAs":         func(s *every, m *grpcx.Methods) { m.BidiAs("X", &s.Talk, note, note, nil) },
		"Service":        func(s *every, m *grpcx.Methods) { m.Service("test.Other", nil); m.Unary("X", &s.Say) },
		"among others":   func(s *every, m *grpcx.Methods) { m.Unary("X", &s.Say, grpcx.Idempotent(), nil, grpcx.Partial()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothRefuse(t, &every{describe: describe}, []string{": a nil option", "it is not described"})
		})
	}
	for name, err := range map[string]error{
		"Register":               grpcx.Register(&registrar{}, both(), nil),
		"Register, among others": grpcx.Register(&registrar{}, both(), grpcx.Use(), nil, grpcx.Use()),
		"Client":                 grpcx.Client(grpcx.To(&fakeConn{}), both(), nil),
	} {
		require.EqualError(t, err, "grpcx: a nil option", name)
	}
}

// TestNilOptionsTwice checks that each nil option is reported, beside other faults.
func TestNilOptionsTwice(t *testing.T) {
	t.Parallel()
	err := grpcx.Register(nil, both(nil, grpcx.MaxMessage(0), nil), nil, nil)
	require.EqualError(t, err, "grpcx: a nil option\ngrpcx: a nil option\ngrpcx: described.B: a nil option\ngrpcx: described.B: option MaxMessage: 0 is not positive\ngrpcx: described.B: a nil option\ngrpcx: the registrar is nil")
}

// TestNilArguments has a nil argument of each option that takes one which may be
// nil.
func TestNilArguments(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]grpcx.Option{
		"option Use: endpoint: a layer of the stack is nil": grpcx.Use(nil),
		"option Formats: no format, or a nil one":           grpcx.Formats(nil),
		"option ErrorHook: the function is nil":             grpcx.ErrorHook(nil),
		"option CallOptions: a nil option":                  grpcx.CallOptions(nil),
	} {
		require.ErrorContains(t, grpcx.Register(&registrar{}, both(), opt), want)
	}
	for want, opt := range map[string]grpcx.MethodOption{
		"option Fails: a nil error":       grpcx.Fails(nil),
		"option Codec: the format is nil": grpcx.Codec(nil),
	} {
		bothRefuse(t, both(opt), []string{"grpcx: described.B: " + want})
	}
}
