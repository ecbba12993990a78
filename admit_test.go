package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// placing is a layer that takes places.
type placing struct {
	idle
	err   error
	asked *[]string
	name  string
}

func (p placing) Admit(context.Context) error {
	*p.asked = append(*p.asked, p.name)
	return p.err
}

// countLayers counts the layers of a bound stack without its own mark.
func countLayers(s endpoint.Stack) int {
	n := 0
	for _, l := range s {
		if fmt.Sprintf("%T", l) != "endpoint.boundary" {
			n++
		}
	}
	return n
}

// TestSplit splits stacks at the first layer that takes places.
func TestSplit(t *testing.T) {
	t.Parallel()
	var asked []string
	a := placing{name: "a", asked: &asked}
	for name, tt := range map[string]struct {
		stack         endpoint.Stack
		before, after int
	}{
		"empty":              {nil, 0, 0},
		"no places":          {endpoint.Stack{idle{}, idle{}}, 2, 0},
		"first":              {endpoint.Stack{a, idle{}}, 0, 2},
		"in the middle":      {endpoint.Stack{idle{}, a, idle{}, a}, 1, 3},
		"last":               {endpoint.Stack{idle{}, idle{}, a}, 2, 1},
		"in a stack":         {endpoint.Stack{idle{}, endpoint.Stack{idle{}, a}}, 2, 1},
		"under Only":         {endpoint.Stack{idle{}, endpoint.Only(a, func(*endpoint.Operation) bool { return true })}, 1, 1},
		"not this operation": {endpoint.Stack{idle{}, endpoint.Only(a, func(*endpoint.Operation) bool { return false })}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bound, err := tt.stack.Bind(&endpoint.Operation{Side: endpoint.ServerSide})
			require.NoError(t, err)
			before, after := bound.Split()
			require.Equal(t, tt.before, countLayers(before))
			require.Equal(t, tt.after, countLayers(after))
		})
	}
}

// TestAdmit asks the layers that take places, in order, until one refuses.
func TestAdmit(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	var asked []string
	of := func(name string, err error) placing { return placing{name: name, err: err, asked: &asked} }
	require.NoError(t, endpoint.Stack{idle{}}.Admit(t.Context()))
	require.NoError(t, endpoint.Stack{of("a", nil), idle{}, of("b", nil)}.Admit(t.Context()))
	require.Equal(t, []string{"a", "b"}, asked)
	asked = nil
	require.Equal(t, full, endpoint.Stack{of("a", nil), of("b", full), of("c", nil)}.Admit(t.Context()))
	require.Equal(t, []string{"a", "b"}, asked)
}
