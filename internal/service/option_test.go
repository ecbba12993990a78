package service_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
)

// option is an option of a transport: an interface whose values may be nil.
type option interface{ set(got *[]string) }

type optionFunc func(got *[]string)

func (o optionFunc) set(got *[]string) { o(got) }

func named(name string) option {
	return optionFunc(func(got *[]string) { *got = append(*got, name) })
}

// TestApply checks that nil options are faults, that all others are applied in
// order, and that options which are functions can be compared.
func TestApply(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts   []option
		want   []string
		faults []string
	}{
		"none":      {nil, nil, nil},
		"all given": {[]option{named("a"), named("b")}, []string{"a", "b"}, nil},
		"some nil":  {[]option{nil, named("a"), nil, named("b")}, []string{"a", "b"}, []string{"a nil option", "a nil option"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f service.Faults
			var got []string
			f.Apply(tt.opts, func(o option) { o.set(&got) })
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.faults, texts(f))
		})
	}
}

func texts(errs []error) []string {
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return all
}

func TestFault(t *testing.T) {
	t.Parallel()
	var f service.Faults
	f.Fault("option X: %d is not %w", 1, errRefused)
	require.EqualError(t, errors.Join(f...), "option X: 1 is not not for this operation")
	require.ErrorIs(t, f[0], errRefused)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	var c service.Config
	require.Equal(t, []codec.Format{codec.JSON()}, c.Formats())
	c.Use([]endpoint.Layer{passing})
	c.Use([]endpoint.Layer{passing, passing})
	require.Len(t, c.Layers, 3, "they add up")

	formats := []codec.Format{codec.XML(), codec.JSON()}
	c.SetFormats(formats)
	formats[0] = nil
	require.Equal(t, []codec.Format{codec.XML(), codec.JSON()}, c.Formats(), "a copy")
	c.SetFormats([]codec.Format{codec.Form()})
	require.Equal(t, []codec.Format{codec.Form()}, c.Formats(), "the last one counts")
	require.Empty(t, c.Faults)

	for _, formats := range [][]codec.Format{nil, {}, {nil}, {codec.JSON(), nil}} {
		c.Faults = nil
		c.SetFormats(formats)
		require.Equal(t, []string{"option Formats: no format, or a nil one"}, texts(c.Faults))
		require.Equal(t, []codec.Format{codec.Form()}, c.Formats(), "it changes nothing")
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	var c service.Config
	require.Zero(t, c.Timeout, "the default of the shell")
	c.SetTimeout(time.Second)
	require.Equal(t, time.Second, c.Timeout)
	c.NoTimeout()
	require.Negative(t, c.Timeout)
	require.Empty(t, c.Faults)
	c.SetTimeout(0)
	c.SetTimeout(-time.Second)
	require.Negative(t, c.Timeout, "a fault changes nothing")
	require.Equal(t, []string{
		"option CallTimeout: the time must be positive, got 0s; NoCallTimeout sets no bound",
		"option CallTimeout: the time must be positive, got -1s; NoCallTimeout sets no bound",
	}, texts(c.Faults))
	c.Faults = nil
	require.Empty(t, c.Check(endpoint.ClientSide))
	faults := texts(c.Check(endpoint.ServerSide))
	require.Contains(t, faults, "option CallTimeout is for clients")
	require.Contains(t, faults, "option NoCallTimeout is for clients")
}

func TestAddHook(t *testing.T) {
	t.Parallel()
	var c service.Config
	var got []string
	for _, name := range []string{"a", "b"} {
		c.AddHook(func(_ context.Context, err error) { got = append(got, name+": "+err.Error()) })
	}
	c.AddHook(nil)
	require.Equal(t, []string{"option ErrorHook: the function is nil"}, texts(c.Faults))
	c.Hooks.Report(t.Context(), errRefused)
	require.Equal(t, []string{"a: not for this operation", "b: not for this operation"}, got)
}

func TestReadBudget(t *testing.T) {
	t.Parallel()
	var c service.Config
	c.SetReadBudget(1)
	require.Empty(t, c.Check(endpoint.ServerSide))
	require.Equal(t, []string{"option ReadBudget is for servers"}, texts(c.Check(endpoint.ClientSide)))
	c.SetReadBudget(0)
	require.Equal(t, []string{"option ReadBudget: 0 bytes, want a positive number"}, texts(c.Faults))
}

// TestNameOfEnd holds that the name of an end is that of operations without their own.
func TestNameOfEnd(t *testing.T) {
	t.Parallel()
	var c service.Config
	require.False(t, c.HasName())
	c.SetName("")
	require.False(t, c.HasName())
	require.Equal(t, []string{"option Named: the name is empty"}, texts(c.Faults))
	c.SetName("Members")
	require.True(t, c.HasName())
	for own, want := range map[string]string{"": "Members", "Staff": "Staff"} {
		var traits service.Traits
		if own != "" {
			traits.SetName(own)
		}
		c.Complete(&traits)
		op, _ := traits.NewOperation(service.Field{Service: "Users", Name: "Get"}, endpoint.ServerSide, endpoint.Operation{})
		require.Equal(t, want, op.Service)
	}
}

func TestAddFails(t *testing.T) {
	t.Parallel()
	var traits service.Traits
	traits.AddFails([]*endpoint.Error{errGone, nil, errGone, endpoint.Errorf(endpoint.Aborted, "nameless")})
	traits.AddFails([]*endpoint.Error{errFull, errGone})
	require.Equal(t, []*endpoint.Error{errGone, errFull}, traits.Fails, "each once")
	require.Equal(t, []string{"option Fails: a nil error", `option Fails: "nameless" has no identity; declare it with endpoint.Define`}, texts(traits.Faults))

	for name, e := range map[string]*endpoint.Error{
		"no domain": endpoint.FromWire(endpoint.Aborted, "", "GONE", "x"),
		"no reason": endpoint.FromWire(endpoint.Aborted, "pair", "", "x"),
	} {
		var traits service.Traits
		traits.AddFails([]*endpoint.Error{e})
		require.Empty(t, traits.Fails, name)
		require.Equal(t, []string{`option Fails: "x" has no identity; declare it with endpoint.Define`}, texts(traits.Faults), name)
	}
}

func TestLearn(t *testing.T) {
	t.Parallel()
	traits := service.Traits{Fails: []*endpoint.Error{errGone}, Doc: "old"}
	traits.Learn(&endpoint.Operation{})
	require.Equal(t, service.Traits{Fails: []*endpoint.Error{errGone}, Doc: "old"}, traits, "an empty operation says nothing")
	traits.Learn(&endpoint.Operation{Fails: []*endpoint.Error{errGone, errFull}, Idempotent: true, Doc: "new"})
	traits.Learn(&endpoint.Operation{})
	require.Equal(t, service.Traits{Fails: []*endpoint.Error{errGone, errFull}, Idempotent: true, Doc: "new"}, traits)
}

func TestNewOperation(t *testing.T) {
	t.Parallel()
	f := service.Field{Path: "Gateway.Users.Get", Service: "Users", Name: "Get"}
	twin := endpoint.Define(endpoint.Aborted, "pair", "GONE", "gone")
	for name, tt := range map[string]struct {
		traits service.Traits
		name   string
		op     endpoint.Operation
		want   endpoint.Operation
		faults int
	}{
		"nothing said":            {service.Traits{}, "", endpoint.Operation{}, endpoint.Operation{Service: "Users", Name: "Get", Side: endpoint.ServerSide}, 0},
		"the transport's own":     {service.Traits{}, "", endpoint.Operation{Method: "/x", Idempotent: true}, endpoint.Operation{Service: "Users", Name: "Get", Side: endpoint.ServerSide, Method: "/x", Idempotent: true}, 0},
		"traits":                  {service.Traits{Fails: []*endpoint.Error{errGone}, Idempotent: true, Doc: "gets"}, "", endpoint.Operation{}, endpoint.Operation{Service: "Users", Name: "Get", Side: endpoint.ServerSide, Fails: []*endpoint.Error{errGone}, Idempotent: true, Doc: "gets"}, 0},
		"another name":            {service.Traits{}, "Members", endpoint.Operation{}, endpoint.Operation{Service: "Members", Name: "Get", Side: endpoint.ServerSide}, 0},
		"one identity, two codes": {service.Traits{Fails: []*endpoint.Error{errGone, twin}}, "", endpoint.Operation{}, endpoint.Operation{Service: "Users", Name: "Get", Side: endpoint.ServerSide, Fails: []*endpoint.Error{errGone, twin}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.name != "" {
				tt.traits.SetName(tt.name)
			}
			op, faults := tt.traits.NewOperation(f, endpoint.ServerSide, tt.op)
			require.Equal(t, &tt.want, op)
			require.Len(t, faults, tt.faults)
			require.Empty(t, tt.traits.Faults)
		})
	}
	var traits service.Traits
	traits.SetName("")
	require.Equal(t, []string{"option Named: the name is empty"}, texts(traits.Faults))
	op, _ := traits.NewOperation(f, endpoint.ClientSide, endpoint.Operation{})
	require.Equal(t, "Users", op.Service)
	require.Equal(t, endpoint.ClientSide, op.Side)
}
