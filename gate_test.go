package endpoint_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// scheme is a Scheme whose layer proves whoever the test wants.
type scheme struct{ name string }

func (s *scheme) Needs() endpoint.Needs     { return endpoint.Needs{{Scheme: s}} }
func (s *scheme) Info() endpoint.SchemeInfo { return endpoint.SchemeInfo{Name: s.name} }
func (s *scheme) Challenge(code string, _ []string) string {
	return s.name + ":" + code
}

func (s *scheme) scope(scopes ...string) endpoint.Needs {
	return endpoint.Needs{{Scheme: s, Scopes: scopes}}
}

// proves is a layer that proves, or sends, a scheme.
type proves struct {
	*scheme

	proof *endpoint.Proof // nil: there are no credentials
}

func (p proves) Verifies(s endpoint.Scheme) bool { return s == p.scheme }

func (p proves) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	endpoint.CallFrom(ctx).Prove(p.proof)
	return ctx, endpoint.Token{}, nil
}

func (proves) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

type sending struct{ proves }

func (s sending) Sends(other endpoint.Scheme) bool { return other == s.scheme }

// sends is a Sender alone.
type sends struct{ scheme *scheme }

func (s sends) Sends(other endpoint.Scheme) bool { return other == s.scheme }

func (sends) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (sends) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// TestGate calls operations with all kinds of requirements.
func TestGate(t *testing.T) {
	t.Parallel()
	a, b := &scheme{"a"}, &scheme{"b"}
	ann := func(s *scheme, scopes ...string) endpoint.Layer {
		return proves{s, &endpoint.Proof{Scheme: s, Principal: "ann-" + s.name, Scopes: scopes}}
	}
	nobody := func(s *scheme) endpoint.Layer { return proves{s, nil} }
	relayed := proves{a, &endpoint.Proof{Scheme: a, Relayed: true}}
	anyOf := func(rs ...endpoint.Requirement) [][]endpoint.Requirement { return [][]endpoint.Requirement{rs} }
	both := append(a.scope("x"), b.scope("y")...)
	for name, tt := range map[string]struct {
		requires   [][]endpoint.Requirement
		layers     endpoint.Stack
		err        error
		message    string
		challenges []string
		principal  string
	}{
		"nothing required":         {layers: endpoint.Stack{nobody(a)}},
		"nothing required, proven": {layers: endpoint.Stack{ann(a)}, principal: "ann-a"},
		"proven":                   {requires: anyOf(a), layers: endpoint.Stack{ann(a)}, principal: "ann-a"},
		"nobody":                   {requires: anyOf(a), layers: endpoint.Stack{nobody(a)}, err: endpoint.ErrUnauthenticated, challenges: []string{"a:"}},
		"any of, the first":        {requires: anyOf(a, b), layers: endpoint.Stack{ann(a), nobody(b)}, principal: "ann-a"},
		"any of, the second":       {requires: anyOf(a, b), layers: endpoint.Stack{nobody(a), ann(b)}, principal: "ann-b"},
		"any of, none":             {requires: anyOf(a, b), layers: endpoint.Stack{nobody(a), nobody(b)}, err: endpoint.ErrUnauthenticated, challenges: []string{"a:", "b:"}},
		"all of":                   {requires: anyOf(both), layers: endpoint.Stack{ann(a, "x"), ann(b, "y")}, principal: "ann-a"},
		"all of, one missing":      {requires: anyOf(both), layers: endpoint.Stack{ann(a, "x"), nobody(b)}, err: endpoint.ErrUnauthenticated, challenges: []string{"b:"}},
		"all of, one scope missing": {
			requires: anyOf(both), layers: endpoint.Stack{ann(a, "x"), ann(b)},
			err: endpoint.ErrScopeMissing, message: "missing scope: y", challenges: []string{"b:insufficient_scope"},
		},
		"two requirements":               {requires: append(anyOf(a), anyOf(a.scope("x"))...), layers: endpoint.Stack{ann(a, "x")}, principal: "ann-a"},
		"two requirements, scope":        {requires: append(anyOf(a), anyOf(a.scope("x"))...), layers: endpoint.Stack{ann(a)}, err: endpoint.ErrScopeMissing, message: "missing scope: x", challenges: []string{"a:insufficient_scope"}},
		"two requirements, two schemes":  {requires: append(anyOf(a), anyOf(b)...), layers: endpoint.Stack{ann(a), nobody(b)}, err: endpoint.ErrUnauthenticated, challenges: []string{"b:"}},
		"a scope of several is missing":  {requires: anyOf(a.scope("x", "y", "z")), layers: endpoint.Stack{ann(a, "y")}, err: endpoint.ErrScopeMissing, message: "missing scope: x z", challenges: []string{"a:insufficient_scope"}},
		"a scope for one alternative":    {requires: anyOf(a.scope("x"), b), layers: endpoint.Stack{ann(a), ann(b)}, principal: "ann-a"},
		"relayed credentials, any scope": {requires: anyOf(a.scope("x")), layers: endpoint.Stack{relayed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
			for _, r := range tt.requires {
				require.NoError(t, op.Require(r...))
			}
			reached, saw := false, ""
			inside := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				saw = endpoint.CallFrom(ctx).Principal()
				return ctx, nil, nil
			})
			bound, err := append(tt.layers, inside).Bind(op)
			require.NoError(t, err)
			e := bound.Wrap(func(context.Context, int) (int, error) {
				reached = true
				return 0, nil
			})
			ctx, w, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
			require.NoError(t, err)
			_, err = e(ctx, 1)
			require.Equal(t, tt.err == nil, reached)
			require.Equal(t, tt.principal, saw)
			require.Equal(t, tt.challenges, (*endpoint.Call)(w).Reply().Values("WWW-Authenticate"))
			if tt.err == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tt.err)
			if tt.message != "" {
				require.Equal(t, tt.message, endpoint.ErrorOf(err).Message())
			}
		})
	}
}

// TestGateFaults binds stacks that do not fit what the operation requires.
func TestGateFaults(t *testing.T) {
	t.Parallel()
	a, b, other := &scheme{"a"}, &scheme{"b"}, &scheme{"a"}
	server, client := endpoint.ServerSide, endpoint.ClientSide
	for name, tt := range map[string]struct {
		side     endpoint.Side
		requires []endpoint.Requirement
		stack    endpoint.Stack
		want     string
	}{
		"server, nothing verifies":       {server, []endpoint.Requirement{a}, nil, "it requires a, which no layer verifies"},
		"server, another is verified":    {server, []endpoint.Requirement{a}, endpoint.Stack{proves{b, nil}}, "it requires a, which no layer verifies"},
		"server, one alternative":        {server, []endpoint.Requirement{a, b}, endpoint.Stack{proves{a, nil}}, "it requires b, which no layer verifies"},
		"server, only for others":        {server, []endpoint.Requirement{a}, endpoint.Stack{endpoint.Only(proves{a, nil}, func(*endpoint.Operation) bool { return false })}, "it requires a, which no layer verifies"},
		"server, only for this":          {server, []endpoint.Requirement{a}, endpoint.Stack{endpoint.Only(proves{a, nil}, func(*endpoint.Operation) bool { return true })}, ""},
		"server, one more than required": {server, []endpoint.Requirement{a}, endpoint.Stack{proves{a, nil}, proves{b, nil}}, ""},
		"server, two of one name":        {server, []endpoint.Requirement{a, other}, endpoint.Stack{proves{a, nil}, proves{other, nil}}, "two schemes of the name a"},
		"client, nothing sends":          {client, []endpoint.Requirement{a}, nil, "it requires a, which no layer sends"},
		"client, verifies":               {client, []endpoint.Requirement{a}, endpoint.Stack{sending{proves{a, nil}}, proves{b, nil}}, "a layer verifies credentials, which is for servers"},
		"server, sends":                  {server, []endpoint.Requirement{a}, endpoint.Stack{proves{a, nil}, sends{a}}, "a layer sends credentials, which is for clients"},
		"client, one alternative":        {client, []endpoint.Requirement{a, b}, endpoint.Stack{sending{proves{b, nil}}}, ""},
		"client, a part of one":          {client, []endpoint.Requirement{append(a.scope(), b.scope()...)}, endpoint.Stack{sending{proves{b, nil}}}, "it requires a, which no layer sends"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &endpoint.Operation{Name: "Get", Side: tt.side}
			require.NoError(t, op.Require(tt.requires...))
			_, err := tt.stack.Bind(op)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TestSendersInside has a Sender that stands outside a layer run inside of it.
func TestSendersInside(t *testing.T) {
	t.Parallel()
	a := &scheme{"a"}
	op := &endpoint.Operation{Name: "Get", Side: endpoint.ClientSide}
	require.NoError(t, op.Require(a))
	proven := true
	watch := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		proven = endpoint.CallFrom(ctx).ProofBy(a) != nil
		return ctx, nil, nil
	})
	bound, err := endpoint.Stack{sending{proves{a, &endpoint.Proof{Scheme: a}}}, watch}.Bind(op)
	require.NoError(t, err)
	ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	_, err = bound.Wrap(func(context.Context, int) (int, error) { return 0, nil })(ctx, 1)
	require.NoError(t, err)
	require.False(t, proven)
}

// TestSendersOfOthers has a client send nothing that an operation does not require.
func TestSendersOfOthers(t *testing.T) {
	t.Parallel()
	a, b := &scheme{"a"}, &scheme{"b"}
	op := &endpoint.Operation{Name: "Get", Side: endpoint.ClientSide}
	require.NoError(t, op.Require(a))
	bound, err := endpoint.Stack{sending{proves{b, &endpoint.Proof{Scheme: b}}}, sending{proves{a, &endpoint.Proof{Scheme: a}}}}.Bind(op)
	require.NoError(t, err)
	ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	_, err = bound.Wrap(func(ctx context.Context, _ int) (int, error) {
		require.NotNil(t, endpoint.CallFrom(ctx).ProofBy(a))
		require.Nil(t, endpoint.CallFrom(ctx).ProofBy(b))
		return 0, nil
	})(ctx, 1)
	require.NoError(t, err)
}

// place is an Admitter.
type place struct{ proves }

func (place) Admit(context.Context) error { return nil }

// TestGateBeforeReading has the gate run before a server reads, even inside an Admitter.
func TestGateBeforeReading(t *testing.T) {
	t.Parallel()
	a := &scheme{"a"}
	op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
	require.NoError(t, op.Require(a))
	full := place{proves{&scheme{"place"}, nil}}
	for name, stack := range map[string]endpoint.Stack{
		"outside": {proves{a, nil}, full},
		"inside":  {full, proves{a, nil}},
		"between": {full, proves{a, nil}, full},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bound, err := stack.Bind(op)
			require.NoError(t, err)
			before, _ := bound.Split()
			ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
			require.NoError(t, err)
			_, err = before.Wrap(func(context.Context, int) (int, error) {
				t.Error("the request is read")
				return 0, nil
			})(ctx, 1)
			require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
		})
	}
}
