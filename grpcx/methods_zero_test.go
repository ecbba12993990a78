package grpcx_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// keeper keeps the Methods that it describes itself to.
type keeper struct {
	*Echo
	methods *grpcx.Methods
}

func (k *keeper) GRPC(m *grpcx.Methods) {
	k.methods = m
	k.Echo.GRPC(m)
}

// TestMethodsZero has a Methods that no description was made for, and one that is
// kept after it.
func TestMethodsZero(t *testing.T) {
	t.Parallel()
	e := echo()
	k := &keeper{Echo: &e}
	require.NoError(t, grpcx.Register(grpc.NewServer(), k))
	for name, m := range map[string]*grpcx.Methods{"zero": {}, "kept": k.methods} {
		for what, use := range map[string]func(){
			"Unary":   func() { m.Unary("Say", &e.Say) },
			"UnaryAs": func() { m.UnaryAs("Say", &e.Say, note, note) },
			"Omit":    func() { m.Omit(&e.Say) },
			"Service": func() { m.Service("no name") },
		} {
			require.PanicsWithValue(t, "grpcx: a Methods is valid during the call of the method GRPC only", use, "%s, %s", name, what)
		}
	}
}

// TestMappingZero has a Mapping that Map did not make.
func TestMappingZero(t *testing.T) {
	t.Parallel()
	var c zeroMapped
	err := grpcx.Client(nil, &c)
	require.ErrorContains(t, err, "the Mapping of grpcx_test.Note lacks a function; make it with Map")
}

type zeroMapped struct{ Echo }

func (s *zeroMapped) GRPC(m *grpcx.Methods) {
	m.Service("zero.Mapped")
	m.UnaryAs("Say", &s.Say, grpcx.Mapping[Note, proto.Message]{}, note)
}
