package jsonrpcx_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// examples are the methods of the examples in section 7 of the specification. foobar and
// foo.get are those that the server does not have.
type examples struct {
	Subtract    endpoint.Endpoint[subtraction, int]
	Sum         endpoint.Endpoint[[]int, int]
	GetData     endpoint.Endpoint[endpoint.Empty, []any]
	Update      endpoint.Endpoint[[]int, endpoint.Empty]
	NotifyHello endpoint.Endpoint[[]int, endpoint.Empty]
	NotifySum   endpoint.Endpoint[[]int, endpoint.Empty]
}

type subtraction struct {
	Minuend    int `json:"minuend" required:"true"`
	Subtrahend int `json:"subtrahend" required:"true"`
}

func (x *examples) JSONRPC(m *jsonrpcx.Methods) {
	m.Method("subtract", &x.Subtract)
	m.Method("sum", &x.Sum)
	m.Method("get_data", &x.GetData)
	m.Method("update", &x.Update)
	m.Method("notify_hello", &x.NotifyHello)
	m.Method("notify_sum", &x.NotifySum)
}

// notified collects the params of notifications.
type notified struct {
	mu  sync.Mutex // guards the field below
	all [][]int
}

func (n *notified) add(_ context.Context, params []int) (endpoint.Empty, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, params)
	return endpoint.Empty{}, nil
}

func newExamples(n *notified) http.Handler {
	return jsonrpcx.Handler(&examples{
		Subtract: func(_ context.Context, s subtraction) (int, error) { return s.Minuend - s.Subtrahend, nil },
		Sum: func(_ context.Context, all []int) (sum int, _ error) {
			for _, v := range all {
				sum += v
			}
			return sum, nil
		},
		GetData:     func(context.Context, endpoint.Empty) ([]any, error) { return []any{"hello", 5}, nil },
		Update:      n.add,
		NotifyHello: n.add,
		NotifySum:   n.add,
	})
}

// TestSpecification sends the examples of the specification, section 7, as they are there.
func TestSpecification(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, request, response string
		notified                [][]int
	}{
		{
			"rpc call with positional parameters",
			`{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`,
			`{"jsonrpc": "2.0", "result": 19, "id": 1}`, nil,
		},
		{
			"rpc call with positional parameters, turned",
			`{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}`,
			`{"jsonrpc": "2.0", "result": -19, "id": 2}`, nil,
		},
		{
			"rpc call with named parameters",
			`{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}`,
			`{"jsonrpc": "2.0", "result": 19, "id": 3}`, nil,
		},
		{
			"rpc call with named parameters, turned",
			`{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}`,
			`{"jsonrpc": "2.0", "result": 19, "id": 4}`, nil,
		},
		{
			"a Notification",
			`{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}`,
			``,
			[][]int{{1, 2, 3, 4, 5}},
		},
		{
			"a Notification without params",
			`{"jsonrpc": "2.0", "method": "foobar"}`,
			``, nil,
		},
		{
			"rpc call of non-existent method",
			`{"jsonrpc": "2.0", "method": "foobar", "id": "1"}`,
			`{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}`, nil,
		},
		{
			"rpc call with invalid JSON",
			`{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`,
			`{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}`, nil,
		},
		{
			"rpc call with invalid Request object",
			`{"jsonrpc": "2.0", "method": 1, "params": "bar"}`,
			`{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}`, nil,
		},
		{
			"rpc call Batch, invalid JSON",
			`[
  {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
  {"jsonrpc": "2.0", "method"
]`,
			`{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}`, nil,
		},
		{
			"rpc call with an empty Array",
			`[]`,
			`{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}`, nil,
		},
		{
			"rpc call with an invalid Batch (but not empty)",
			`[1]`,
			`[
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
]`, nil,
		},
		{
			"rpc call with invalid Batch",
			`[1,2,3]`,
			`[
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
]`, nil,
		},
		{
			"rpc call Batch",
			`[
        {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
        {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "get_data", "id": "9"} 
    ]`,
			`[
        {"jsonrpc": "2.0", "result": 7, "id": "1"},
        {"jsonrpc": "2.0", "result": 19, "id": "2"},
        {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
        {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
        {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
    ]`,
			[][]int{{7}},
		},
		{
			"rpc call Batch (all notifications)",
			`[
        {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
    ]`,
			``,
			[][]int{{1, 2, 4}, {7}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var n notified
			require.Equal(t, compact(t, tt.response), ask(t, newExamples(&n), tt.request))
			require.ElementsMatch(t, tt.notified, n.all)
		})
	}
}
