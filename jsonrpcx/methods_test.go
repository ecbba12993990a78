package jsonrpcx_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// wide is a service with much to get wrong.
type wide struct {
	A, B, C endpoint.Endpoint[int, int]
	Stream  endpoint.Endpoint[int, endpoint.Stream[int]]
	Func    endpoint.Endpoint[func(), int]
	Checked endpoint.Endpoint[checked, endpoint.Empty]
	Map     endpoint.Endpoint[map[string]int, int]
}

type checked struct {
	N int `json:"n" minimum:"1"`
}

// TestFaults has all that is wrong with a description, told at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	nameless := endpoint.Errorf(endpoint.Aborted, "x")
	for name, tt := range map[string]struct {
		describe func(s *wide, m *jsonrpcx.Methods)
		opts     []jsonrpcx.Option
		want     []string
	}{
		"names": {func(s *wide, m *jsonrpcx.Methods) {
			m.Method("", &s.A)
			m.Under("rpc.").Method("x", &s.B)
			m.Method("x", &s.C)
			m.Method("x", &s.Map)
		}, nil, []string{
			"jsonrpcx: wide.A: the name of the method is empty",
			`jsonrpcx: wide.B: the method "rpc.x": names that begin with rpc. are reserved by the specification`,
			`jsonrpcx: wide.Map: it is the method "x", as wide.C is`,
		}},
		"types": {func(s *wide, m *jsonrpcx.Methods) {
			m.Method("stream", &s.Stream)
			m.Method("func", &s.Func)
			m.Method("checked", &s.Checked)
			m.Method("map", &s.Map, jsonrpcx.Positional(), jsonrpcx.Notification())
		}, nil, []string{
			"jsonrpcx: wide.Stream: JSON-RPC has no streams; declare the endpoint absent with Omit",
			"jsonrpcx: wide.Func: request: func(): a func has no form in JSON",
			`jsonrpcx: wide.Checked: request: field N: it may be absent, and its zero value breaks its rule ("must be at least 1")`,
			"jsonrpcx: wide.Map: request: option Positional: the members of map[string]int have no order",
			"jsonrpcx: wide.Map: option Notification: the response is int, and a notification has none; use endpoint.Empty",
		}},
		"options of methods": {func(s *wide, m *jsonrpcx.Methods) {
			m.Method("a", &s.A, nil, jsonrpcx.Fails(nil, nameless), jsonrpcx.Named(""))
			m.Method("b", &s.B, jsonrpcx.ErrorCode(nameless, 7), jsonrpcx.ErrorCode(errBusy, -32000), jsonrpcx.ErrorCode(errBusy, -32768), jsonrpcx.ErrorCode(errBusy, 0))
			m.Method("c", &s.C, jsonrpcx.ErrorCode(errBusy, -31999), jsonrpcx.ErrorCode(errBusy, -32769))
		}, nil, []string{
			"jsonrpcx: wide.A: a nil option",
			"jsonrpcx: wide.A: option Fails: a nil error",
			"jsonrpcx: wide.A: option Named: the name is empty",
			"jsonrpcx: wide.B: option ErrorCode: an error without identity",
			"jsonrpcx: wide.B: option ErrorCode: -32000 is reserved",
			"jsonrpcx: wide.B: option ErrorCode: -32768 is reserved",
			"jsonrpcx: wide.B: option ErrorCode: 0 is the status of a success",
		}},
		"fields": {func(s *wide, m *jsonrpcx.Methods) {
			m.Method("a", &s.A)
			m.Omit(&s.A)
			m.Method[int, int]("nil", nil)
			m.Method("other", &new(wide).B)
		}, nil, []string{
			"jsonrpcx: wide.A: Omit describes it again",
			`jsonrpcx: wide: the method "nil" describes a nil pointer`,
			`jsonrpcx: wide: the method "other" describes an endpoint that is no field of the service`,
			"jsonrpcx: wide.B: it is not described; describe it, or declare it absent with Omit",
		}},
		"options": {func(*wide, *jsonrpcx.Methods) {}, []jsonrpcx.Option{
			nil, jsonrpcx.MaxBody(0), jsonrpcx.BodyTimeout(-1), jsonrpcx.ReadBudget(0), jsonrpcx.MaxBatch(0), jsonrpcx.BatchConcurrency(-1),
			jsonrpcx.MaxBatchReply(0), jsonrpcx.ErrorHook(nil), jsonrpcx.Named(""), jsonrpcx.CallTimeout(time.Second), jsonrpcx.NoCallTimeout(), jsonrpcx.Path("/x"),
		}, []string{
			"jsonrpcx: a nil option", "option MaxBody: 0 is not positive", "option BodyTimeout: -1ns is negative", "option ReadBudget: 0 bytes",
			"option MaxBatch: 0", "option BatchConcurrency: -1", "option MaxBatchReply: 0", "option ErrorHook: the function is nil", "option Named",
			"option CallTimeout is for clients", "option NoCallTimeout is for clients", "option Path is for clients",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := jsonrpcx.Mount(http.NewServeMux(), "/rpc", &described[wide]{wide{}, func(s *wide, m *jsonrpcx.Methods) { tt.describe(s, m) }}, tt.opts...)
			for _, want := range tt.want {
				require.ErrorContains(t, err, strings.NewReplacer("wide.", "described.S.", "wide:", "described:").Replace(want))
			}
		})
	}
}

// TestClientFaults has options and targets that are not for a client, which then is not set.
func TestClientFaults(t *testing.T) {
	t.Parallel()
	c := &described[single[int, int]]{describe: func(s *single[int, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do) }}
	err := jsonrpcx.Client(httpx.To("localhost"), c, jsonrpcx.MaxBody(1), jsonrpcx.BodyTimeout(1), jsonrpcx.ReadBudget(1), jsonrpcx.MaxBatch(1),
		jsonrpcx.BatchConcurrency(1), jsonrpcx.MaxBatchReply(1), jsonrpcx.ErrorHook(func(context.Context, error) {}), jsonrpcx.CallTimeout(0), jsonrpcx.Path("x"), jsonrpcx.Path("/%2f"))
	for _, want := range []string{
		"has no scheme", "MaxBody is for servers", "BodyTimeout is for servers", "ReadBudget is for servers", "MaxBatch is for servers",
		"BatchConcurrency is for servers", "MaxBatchReply is for servers", "ErrorHook is for servers", "option CallTimeout: the time must be positive",
		`option Path: "x" is not a path`, `option Path: "/%2f" is not a path`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.Nil(t, c.S.Do)
	require.ErrorContains(t, jsonrpcx.Client(nil, c), "jsonrpcx: the target is nil")
}

// TestMethods has parts under prefixes, an endpoint that is absent, and one that is nil.
func TestMethods(t *testing.T) {
	t.Parallel()
	var kept *jsonrpcx.Methods
	describe := func(s *wide, m *jsonrpcx.Methods) {
		kept = m
		users := m.Under("users.", jsonrpcx.Fails(errBusy))
		users.Method("a", &s.A)
		users.Under("admin.", jsonrpcx.Named("Admins")).Method("b", &s.B, jsonrpcx.Idempotent())
		m.Method("c", &s.C, jsonrpcx.Partial())
		m.Omit(&s.Stream)
		m.Omit(&s.Func)
		m.Omit(&s.Checked)
		m.Omit(&s.Map)
	}
	var ops []*endpoint.Operation
	record := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		ops = append(ops, endpoint.CallFrom(ctx).Operation())
		return ctx, nil, nil
	})
	h := handle(wide{A: echo[int], B: echo[int]}, describe, jsonrpcx.Use(record), jsonrpcx.Named("Wide"))
	c := &described[wide]{describe: describe}
	require.NoError(t, jsonrpcx.Client(httpx.To(serving(t, h)), c))
	for _, e := range []endpoint.Endpoint[int, int]{c.S.A, c.S.B} {
		n, err := e(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, 7, n)
	}
	_, err := c.S.C(t.Context(), 7)
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	_, err = c.S.Map(t.Context(), nil)
	require.ErrorContains(t, err, "Map is not served over JSON-RPC")
	require.Len(t, ops, 3)
	require.Equal(t, []any{"Wide", "A", "users.a", false, []*endpoint.Error{errBusy}}, []any{ops[0].Service, ops[0].Name, ops[0].Method, ops[0].Idempotent, ops[0].Fails})
	require.Equal(t, []any{"Admins", "B", "users.admin.b", true}, []any{ops[1].Service, ops[1].Name, ops[1].Method, ops[1].Idempotent})
	require.PanicsWithValue(t, "jsonrpcx: a Methods is valid during the call of the method JSONRPC only", func() { kept.Omit(&c.S.A) })
}
