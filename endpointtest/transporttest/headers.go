package transporttest

import (
	"context"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
)

// binary returns a value for a "-bin" key that has every byte.
func binary() string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return string(all) + ",\n"
}

// readHeader returns a script that copies the values of the keys to seen.
func readHeader(seen map[string][]string, keys ...string) script {
	return script{open: func(ctx context.Context) error {
		for _, key := range keys {
			seen[key] = endpoint.CallFrom(ctx).Header().Values(key)
		}
		return nil
	}}
}

func testRequestHeaders(k *kit) {
	for _, kd := range k.kinds() {
		seen := map[string][]string{}
		e := k.scripted(kd, readHeader(seen, "x-key", "X-KEY", "x-other", "x-absent"), setup{})
		ctx := endpoint.WithHeader(endpoint.WithHeader(endpoint.WithHeader(k.ctx, "x-key", "an outer value"), "X-Other", "other value"), "X-Key", "value")
		_, err := kd.call(ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantEqual(kd.name+": headers of the handler", seen, map[string][]string{
			"x-key": {"value"}, "X-KEY": {"value"}, "x-other": {"other value"}, "x-absent": nil,
		})
		k.wantEqual(kd.name+": the header at the server's layers", k.next(e.server, kd.name).facts.header["x-key"], []string{"value"})
		k.wantEqual(kd.name+": the header at the client's layers", k.next(e.client, kd.name).facts.header["x-key"], []string{"value"})
		_, err = kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantEqual(kd.name+": the header of the next call", seen["x-key"], []string(nil))
	}
}

// replies makes a call whose handler sets the reply and returns err. It returns
// the reply at the client.
func (k *kit) replies(what string, kd kind, set func(h *endpoint.Header), err error) map[string][]string {
	k.t.Helper()
	e := k.scripted(kd, script{first: func(ctx context.Context) error {
		set(endpoint.CallFrom(ctx).Reply())
		return err
	}}, setup{})
	_, failed := kd.call(k.ctx, e.Zoo, request())
	if err == nil {
		k.wantSuccess(what, failed)
	} else {
		k.wantRemote(what, failed, outcomeOf(err))
	}
	return k.next(e.client, what).facts.reply
}

func testReplyHeaders(k *kit) {
	set := func(h *endpoint.Header) {
		h.Set("X-Reply", "yes")
		h.Add("x-list", "a")
		h.Add("X-List", "b")
	}
	for _, kd := range k.kinds() {
		for name, err := range map[string]error{"success": nil, "an error": errDeclared} {
			what := kd.name + ", " + name
			reply := k.replies(what, kd, set, err)
			k.wantEqual(what+": the reply", reply["x-reply"], []string{"yes"})
			if got := reply["x-list"]; strings.Join(got, ", ") != "a, b" {
				k.t.Errorf("%s: the list in the reply is %q, want a and b", what, got)
			}
		}
	}
	// A layer of the server sets the reply in Enter and in Exit.
	around := &layer{
		enter: func(ctx context.Context) (context.Context, error) {
			endpoint.CallFrom(ctx).Reply().Set("x-enter", "yes")
			return ctx, nil
		},
		exit: func(ctx context.Context, err error) error {
			endpoint.CallFrom(ctx).Reply().Set("x-exit", "yes")
			return err
		},
	}
	for name, err := range map[string]error{"success": nil, "an error": errDeclared, "a refusal inside": nil} {
		stack := endpoint.Stack{around}
		if name == "a refusal inside" {
			stack = append(stack, refusing(errDeclared))
		}
		e := k.open(Zoo{Unary: func(context.Context, Message) (Message, error) { return response(), err }}, setup{server: stack})
		_, _ = e.Unary(k.ctx, request())
		reply := k.next(e.client, name).facts.reply
		k.wantEqual("a layer, "+name+": the reply of Enter", reply["x-enter"], []string{"yes"})
		k.wantEqual("a layer, "+name+": the reply of Exit", reply["x-exit"], []string{"yes"})
	}
}

func testBinaryHeaders(k *kit) {
	for _, kd := range k.kinds() {
		seen := map[string][]string{}
		e := k.scripted(kd, readHeader(seen, "X-Key-Bin"), setup{})
		_, err := kd.call(endpoint.WithHeader(k.ctx, "x-key-bin", binary()), e.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantEqual(kd.name+": the header of the handler", seen["X-Key-Bin"], []string{binary()})
		for name, err := range map[string]error{"success": nil, "an error": errDeclared} {
			what := kd.name + ", " + name
			reply := k.replies(what, kd, func(h *endpoint.Header) { h.Set("x-reply-bin", binary()) }, err)
			k.wantEqual(what+": the reply", reply["x-reply-bin"], []string{binary()})
		}
	}
}

func testLayerHeaders(k *kit) {
	adds := &layer{enter: func(ctx context.Context) (context.Context, error) {
		h := endpoint.CallFrom(ctx).Header()
		h.Set("X-Set", "set")
		h.Add("x-list", "a")
		h.Add("X-List", "b")
		return endpoint.WithHeader(ctx, "x-with", "with"), nil
	}}
	for _, kd := range k.kinds() {
		seen := map[string][]string{}
		e := k.scripted(kd, readHeader(seen, "x-set", "x-list", "x-with", "x-caller"), setup{client: endpoint.Stack{adds}})
		_, err := kd.call(endpoint.WithHeader(k.ctx, "x-caller", "caller"), e.Zoo, request())
		k.wantSuccess(kd.name, err)
		if got := strings.Join(seen["x-list"], ", "); got != "a, b" {
			k.t.Errorf("%s: the list at the handler is %q, want a and b", kd.name, got)
		}
		delete(seen, "x-list")
		k.wantEqual(kd.name+": headers of the handler", seen, map[string][]string{
			"x-set": {"set"}, "x-with": {"with"}, "x-caller": {"caller"},
		})
	}
}

func testOwnedHeaders(k *kit) {
	for _, kd := range k.kinds() {
		ran := false
		sc := script{open: func(context.Context) error { ran = true; return nil }}
		for _, bad := range []struct{ key, value, message string }{
			{"grpc-timeout", "1", `endpoint: header "grpc-timeout" belongs to the transport`},
			{"Content-Type", "text/plain", `endpoint: header "Content-Type" belongs to the transport`},
			{"Accept", "text/html", `endpoint: header "Accept" belongs to the transport`},
			{"accept-encoding", "gzip", `endpoint: header "accept-encoding" belongs to the transport`},
			{"Host", "example.com", `endpoint: header "Host" belongs to the transport`},
			{":path", "/", `endpoint: header ":path" belongs to the transport`},
			{"a key", "x", `endpoint: header key "a key" has the character ' '`},
			{"x-key", "a\nb", `endpoint: the value of header "x-key" has a control character`},
		} {
			want := plain(endpoint.InvalidArgument, bad.message)
			e := k.scripted(kd, sc, setup{})
			_, err := kd.call(endpoint.WithHeader(k.ctx, bad.key, bad.value), e.Zoo, request())
			k.wantError(kd.name+", of the caller", err, want)

			e = k.scripted(kd, sc, setup{client: endpoint.Stack{&layer{enter: func(ctx context.Context) (context.Context, error) {
				return endpoint.WithHeader(ctx, bad.key, bad.value), nil
			}}}})
			_, err = kd.call(k.ctx, e.Zoo, request())
			k.wantError(kd.name+", of a layer", err, want)

			e = k.scripted(kd, sc, setup{client: endpoint.Stack{&layer{enter: func(ctx context.Context) (context.Context, error) {
				endpoint.CallFrom(ctx).Header().Set(bad.key, bad.value)
				return ctx, nil
			}}}})
			_, err = kd.call(k.ctx, e.Zoo, request())
			k.wantCode(kd.name+", of a layer in the Call, "+bad.key, err, endpoint.InvalidArgument)
			if end := k.next(e.client, kd.name); endpoint.CodeOf(end.err) != endpoint.InvalidArgument {
				k.t.Errorf("%s: the client's layers got %v", kd.name, end.err)
			}
		}
		k.wantEqual(kd.name+": the handler ran", ran, false)
	}
}

func testCallHeaders(k *kit) {
	adds := &layer{enter: func(ctx context.Context) (context.Context, error) {
		endpoint.CallFrom(ctx).Header().Set("x-layer", "layer")
		return ctx, nil
	}}
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{}, setup{client: endpoint.Stack{adds}})
		ctx, cancel := context.WithTimeout(k.ctx, 60*k.unit)
		_, err := kd.call(endpoint.WithHeader(ctx, "x-caller", "caller"), e.Zoo, request())
		cancel()
		k.wantSuccess(kd.name, err)
		if header := k.next(e.client, kd.name).facts.header; len(header) != 2 || !slices.Equal(header["x-layer"], []string{"layer"}) || !slices.Equal(header["x-caller"], []string{"caller"}) {
			k.t.Errorf("%s: the header of the client's Call has the keys %s, want x-caller and x-layer", kd.name, keys(header))
		}
	}
}
