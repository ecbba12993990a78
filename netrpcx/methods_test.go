package netrpcx_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/netrpcx"
)

// wide is a service with much to get wrong.
type wide struct {
	A, B, C, D endpoint.Endpoint[int, int]
	Stream     endpoint.Endpoint[int, endpoint.Stream[int]]
	Func       endpoint.Endpoint[func(), int]
	Hidden     endpoint.Endpoint[struct{ n int }, int]
	Checked    endpoint.Endpoint[checked, endpoint.Empty]
	Tree       endpoint.Endpoint[int, tree]
}

type tree struct {
	N  int
	In map[string][]*tree
}

type checked struct {
	N int `minimum:"1"`
}

// TestFaults has all that is wrong with a description, told at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	nameless := endpoint.Errorf(endpoint.Aborted, "x")
	for name, tt := range map[string]struct {
		describe func(s *wide, m *netrpcx.Methods)
		opts     []netrpcx.Option
		want     []string
	}{
		"names": {func(s *wide, m *netrpcx.Methods) {
			m.Method("Sum", &s.A)
			m.Method(".Sum", &s.B)
			m.Method("Add.", &s.C)
			m.Method(strings.Repeat("x", 2000)+".Sum", &s.D)
		}, nil, []string{
			`described.S.A: the name "Sum" is not of the form Service.Method`, `S.B: the name ".Sum" is not`, `S.C: the name "Add." is not`, `S.D: the name "xxx`,
		}},
		"types": {func(s *wide, m *netrpcx.Methods) {
			m.Method("T.Stream", &s.Stream)
			m.Method("T.Func", &s.Func)
			m.Method("T.Hidden", &s.Hidden)
			m.Method("T.Checked", &s.Checked)
			m.Method("T.Tree", &s.Tree)
		}, nil, []string{
			"S.Stream: net/rpc has no streams; declare the endpoint absent with Omit",
			"S.Func: request: gob NewTypeObject can't handle type: func()",
			"S.Hidden: request: gob: type struct { n int } has no exported fields",
			`S.Checked: request: field N: it may be absent, and its zero value breaks its rule ("must be at least 1")`,
			"S.Tree: response: netrpcx_test.tree contains itself, and gob does not bound how deeply; use the option JSON",
		}},
		"types of JSON": {func(s *wide, m *netrpcx.Methods) {
			m.Method("T.Func", &s.Func)
			m.Method("T.A", &s.A)
			m.Method("T.A", &s.B)
		}, []netrpcx.Option{netrpcx.JSON()}, []string{
			"S.Func: request: func(): a func has no form in JSON", `S.B: it is the method "T.A", as described.S.A is`,
		}},
		"options of methods": {func(s *wide, m *netrpcx.Methods) {
			m.Method("T.A", &s.A, nil, netrpcx.Fails(nil, nameless), netrpcx.Named(""))
		}, nil, []string{"a nil option", "option Fails: a nil error", "has no identity", "option Named: the name is empty"}},
		"fields": {func(s *wide, m *netrpcx.Methods) {
			m.Method("T.A", &s.A)
			m.Omit(&s.A)
		}, nil, []string{"S.A: Omit describes it again", "S.A: the endpoint is nil", "S.B: it is not described"}},
		"options": {func(*wide, *netrpcx.Methods) {}, []netrpcx.Option{
			nil, netrpcx.MaxMessage(0), netrpcx.ReadBudget(0), netrpcx.MessageTimeout(0), netrpcx.ReplyTimeout(-1), netrpcx.IdleTimeout(0), netrpcx.MaxCalls(0),
			netrpcx.ErrorHook(nil), netrpcx.Named(""), netrpcx.CallTimeout(time.Second), netrpcx.NoCallTimeout(),
		}, []string{
			"a nil option", "option MaxMessage: 0 is not positive", "option ReadBudget: 0", "option MessageTimeout: the time must be positive, got 0s",
			"option ReplyTimeout: the time must be positive, got -1ns", "option IdleTimeout:", "option MaxCalls: 0 is not positive", "ErrorHook: the function is nil",
			"option Named", "option CallTimeout is for clients", "option NoCallTimeout is for clients",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := netrpcx.NewServer(&described[wide]{describe: tt.describe}, tt.opts...)
			require.Nil(t, s)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// TestClientFaults has options and targets that are not for a client, which then is not set.
func TestClientFaults(t *testing.T) {
	t.Parallel()
	c := new(single[int, int])
	err := netrpcx.Client(netrpcx.To("localhost", nil, netrpcx.TLS(nil), netrpcx.DialFunc(nil), netrpcx.MaxResponse(0)), c,
		netrpcx.MaxMessage(1), netrpcx.ReadBudget(1), netrpcx.MessageTimeout(1), netrpcx.ReplyTimeout(1), netrpcx.IdleTimeout(1), netrpcx.MaxCalls(1),
		netrpcx.ErrorHook(func(context.Context, error) {}), netrpcx.CallTimeout(0))
	for _, want := range []string{
		`netrpcx: To: the address "localhost" is not of the form host:port or unix:PATH`, "netrpcx: To: a nil option", "option TLS: the configuration is nil",
		"option DialFunc: the function is nil", "option MaxResponse: 0 is not positive", "MaxMessage is for servers", "ReadBudget is for servers",
		"MessageTimeout is for servers", "ReplyTimeout is for servers", "IdleTimeout is for servers", "MaxCalls is for servers", "ErrorHook is for servers",
		"option CallTimeout: the time must be positive",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Nil(t, c.Do)
	require.ErrorContains(t, netrpcx.Client(nil, c), "netrpcx: the target is nil")
	require.ErrorContains(t, netrpcx.Client(new(netrpcx.Conn), c), "a zero Conn")
	require.ErrorContains(t, (*netrpcx.Conn)(nil).Err(), "the target is nil")
	require.PanicsWithValue(t, "netrpcx: Dialer: netrpcx: To: option MaxResponse: 0 is not positive", func() { netrpcx.Dialer(netrpcx.MaxResponse(0)) })
	_, err = netrpcx.Dialer()(t.Context(), "nowhere")
	require.ErrorContains(t, err, "is not of the form")
	require.Equal(t, "a:1", netrpcx.To("a:1", netrpcx.TLS(&tls.Config{})).String()) //nolint:gosec // of a test
	require.Empty(t, (*netrpcx.Conn)(nil).String())
	require.NoError(t, (*netrpcx.Conn)(nil).Close())
}

// TestMethods has the names of operations, an endpoint that is absent, and one that is nil.
func TestMethods(t *testing.T) {
	t.Parallel()
	var kept *netrpcx.Methods
	describe := func(s *wide, m *netrpcx.Methods) {
		kept = m
		m.Method("T.A", &s.A, netrpcx.Fails(errZero), netrpcx.Idempotent())
		m.Method("T.B", &s.B, netrpcx.Named("Other"))
		m.Method("T.C", &s.C, netrpcx.Partial())
		m.Omit(&s.D)
		m.Omit(&s.Stream)
		m.Omit(&s.Func)
		m.Omit(&s.Hidden)
		m.Omit(&s.Checked)
		m.Omit(&s.Tree)
	}
	var ops []*endpoint.Operation
	record := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		ops = append(ops, endpoint.CallFrom(ctx).Operation())
		return ctx, nil, nil
	})
	n := serving(t, &described[wide]{wide{A: echo[int], B: echo[int]}, describe}, netrpcx.Use(record), netrpcx.Named("Wide"))
	c := &described[wide]{describe: describe}
	require.NoError(t, netrpcx.Client(n.conn(t), c))
	for _, e := range []endpoint.Endpoint[int, int]{c.S.A, c.S.B} {
		v, err := e(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, 7, v)
	}
	_, err := c.S.C(t.Context(), 7)
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	_, err = c.S.D(t.Context(), 7)
	require.ErrorContains(t, err, "D is not served over net/rpc")
	require.Len(t, ops, 3)
	require.Equal(t, []any{"Wide", "A", "T.A", "netrpc", true, []*endpoint.Error{errZero}}, []any{ops[0].Service, ops[0].Name, ops[0].Method, ops[0].Transport, ops[0].Idempotent, ops[0].Fails})
	require.Equal(t, []any{"Other", "B", "T.B", false}, []any{ops[1].Service, ops[1].Name, ops[1].Method, ops[1].Idempotent})
	require.PanicsWithValue(t, "netrpcx: a Methods is valid during the call of the method RPC only", func() { kept.Omit(&c.S.A) })
}

// TestUnix calls a server on a unix socket.
func TestUnix(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s, err := netrpcx.NewServer(&single[int, int]{Do: echo[int]})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	conn := netrpcx.To("unix:" + path)
	v, err := calls[int, int](t, conn).Do(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, 7, v)
	require.NoError(t, conn.Close())
	require.NoError(t, s.Drain(t.Context()))
	require.NoError(t, <-ended)
}
