package endpoint_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
)

// headers returns a context with these headers, key and value in turns, the
// innermost last.
func headers(ctx context.Context, kvs ...string) context.Context {
	for i := 0; i < len(kvs); i += 2 {
		ctx = endpoint.WithHeader(ctx, kvs[i], kvs[i+1])
	}
	return ctx
}

func TestWithHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		kvs  []string
		own  map[string][]string // that the client sets itself
		want map[string][]string
	}{
		{"none", nil, nil, nil},
		{"one", []string{"x-id", "7"}, nil, map[string][]string{"X-Id": {"7"}}},
		{"several", []string{"a", "1", "b", "2"}, nil, map[string][]string{"A": {"1"}, "B": {"2"}}},
		{"the innermost wins", []string{"a", "1", "b", "2", "a", "3"}, nil, map[string][]string{"A": {"3"}, "B": {"2"}}},
		{"in any case", []string{"X-ID", "1", "x-id", "2"}, nil, map[string][]string{"X-Id": {"2"}}},
		{"in place of the client's", []string{"user-agent", "mine"}, map[string][]string{"User-Agent": {"a", "b"}, "C": {"c"}}, map[string][]string{"User-Agent": {"mine"}, "C": {"c"}}},
		{"binary", []string{"x-bin", "\x00\xff"}, nil, map[string][]string{"X-Bin": {"AP8"}}},
		{"empty", []string{"a", ""}, nil, map[string][]string{"A": {""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := endpoint.HTTPHeader(maps.Clone(tt.own))
			ctx := headers(t.Context(), tt.kvs...)
			_, w, err := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ClientSide}, header, endpoint.Header{})
			if got := (*endpoint.Call)(w).Header().Raw(); err != nil || !maps.EqualFunc(got, tt.want, slices.Equal) {
				t.Errorf("the client sends %q (error %v), want %q", got, err, tt.want)
			}
			_, w, err = endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
			if got := (*endpoint.Call)(w).Header().Raw(); err != nil || got != nil {
				t.Errorf("a server receives %q (error %v), want nothing", got, err)
			}
		})
	}
}

func TestWithHeaderRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range keyFaults {
		for _, ctx := range []context.Context{
			headers(t.Context(), tt.key, "v"),
			headers(t.Context(), "x-a", "v", tt.key, "v", "x-b", "v"),
		} {
			_, _, err := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ClientSide}, endpoint.Header{}, endpoint.Header{})
			if endpoint.CodeOf(err) != endpoint.InvalidArgument || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("a call with header %q = %v (code %v), want InvalidArgument with %q", tt.key, err, endpoint.CodeOf(err), tt.fault)
			}
		}
	}
	for _, value := range valueFaults {
		_, _, err := endpoint.StartCall(headers(t.Context(), "x-id", value), &endpoint.Operation{Side: endpoint.ClientSide}, endpoint.Header{}, endpoint.Header{})
		if endpoint.CodeOf(err) != endpoint.InvalidArgument {
			t.Errorf("a call with the header value %q = %v, want InvalidArgument", value, err)
		}
		_, _, err = endpoint.StartCall(headers(t.Context(), "x-id-bin", value), &endpoint.Operation{Side: endpoint.ClientSide}, endpoint.Header{}, endpoint.Header{})
		if err != nil {
			t.Errorf("a call with the binary header value %q = %v, want nil", value, err)
		}
	}
}

// A header is for the next client calls: not for calls that those make, and
// nothing that a server received goes on by itself.
func TestWithHeaderReach(t *testing.T) {
	t.Parallel()
	sent := func(ctx context.Context) string {
		c := endpoint.CallFrom(under(t, ctx, &endpoint.Operation{Side: endpoint.ClientSide}))
		keys := slices.Sorted(maps.Keys(c.Header().Raw()))
		return strings.Join(keys, " ")
	}
	ctx := headers(t.Context(), "outer", "1")
	client := under(t, ctx, &endpoint.Operation{Side: endpoint.ClientSide})
	server := under(t, ctx, &endpoint.Operation{Side: endpoint.ServerSide})
	for _, tt := range []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"a call", ctx, "Outer"},
		{"another call under the same context", ctx, "Outer"},
		{"under a further context", context.WithValue(ctx, scriptedKey("x"), 1), "Outer"},
		{"a call in a client's layer", client, ""},
		{"with a header set there", headers(client, "inner", "2"), "Inner"},
		{"a call in a handler", server, ""},
		{"with a header set in the handler", headers(server, "inner", "2"), "Inner"},
	} {
		if got := sent(tt.ctx); got != tt.want {
			t.Errorf("%s sends %q, want %q", tt.name, got, tt.want)
		}
	}
}
