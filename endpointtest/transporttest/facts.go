package transporttest

import (
	"context"

	"github.com/typedkit/endpoint"
)

func testOperations(k *kit) {
	var seen []*endpoint.Call // of the last handler: from CallFrom and from Incoming
	record := func(ctx context.Context) { seen = []*endpoint.Call{endpoint.CallFrom(ctx), endpoint.Incoming(ctx)} }
	z := Zoo{Empty: func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		record(ctx)
		return endpoint.Empty{}, nil
	}}
	for _, kd := range k.kinds() {
		kd.serve(&z, script{open: func(ctx context.Context) error { record(ctx); return nil }})
	}
	e := k.open(z, setup{})
	check := func(name string, streams endpoint.StreamKind, call func() error) {
		k.wantSuccess(name, call())
		server, client := k.next(e.server, name).facts, k.next(e.client, name).facts
		k.wantOperation(name+", server", server, endpoint.ServerSide, name, streams)
		k.wantOperation(name+", client", client, endpoint.ClientSide, name, streams)
		if len(seen) != 2 || seen[0].Operation() != server.op || seen[1] != seen[0] {
			k.t.Errorf("%s: CallFrom and Incoming do not return the server's Call in the handler", name)
		}
		k.wantSuccess(name, call())
		if k.next(e.server, name).facts.op != server.op {
			k.t.Errorf("%s, server: two calls have different operations", name)
		}
		if k.next(e.client, name).facts.op != client.op {
			k.t.Errorf("%s, client: two calls have different operations", name)
		}
	}
	check("Empty", endpoint.Unary, func() error { _, err := e.Empty(k.ctx, endpoint.Empty{}); return err })
	check("Idempotent", endpoint.Unary, func() error { _, err := e.Idempotent(k.ctx, request()); return err })
	for _, kd := range k.kinds() {
		check(kd.name, kd.streams, func() error { _, err := kd.call(k.ctx, e.Zoo, request()); return err })
	}
}

// wantOperation checks the facts of a call of the endpoint with this name, made
// once.
func (k *kit) wantOperation(what string, f facts, side endpoint.Side, name string, streams endpoint.StreamKind) {
	k.t.Helper()
	k.wantEqual(what+": Side", f.side, side)
	k.wantEqual(what+": Service and Name", f.op.Service+"."+f.op.Name, "Zoo."+name)
	k.wantEqual(what+": Streams", f.op.Streams, streams)
	k.wantEqual(what+": Idempotent", f.op.Idempotent, name == "Idempotent")
	k.wantEqual(what+": Attempt", f.attempt, 1)
	if name != "Empty" {
		k.wantEqual(what+": a declared error is declared", f.op.Declares(errDeclared) && f.op.Declares(errBehind), true)
	}
	k.wantEqual(what+": another error is declared", f.op.Declares(errUndeclared), false)
}

func testBytes(k *kit) {
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{}, setup{})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		server, client := k.next(e.server, kd.name).facts, k.next(e.client, kd.name).facts
		for what, n := range map[string]int64{
			"request at the server": server.requestBytes, "response at the server": server.responseBytes,
			"response at the client": client.responseBytes,
		} {
			if n <= 0 {
				k.t.Errorf("%s: the size of the %s is %d", kd.name, what, n)
			}
		}
		if !kd.streamsIn() {
			k.wantEqual(kd.name+": the size of the request at the client", client.requestBytes, server.requestBytes)
		}
		if !kd.streamsOut() {
			k.wantEqual(kd.name+": the size of the response at the client", client.responseBytes, server.responseBytes)
		}
	}
}

func testStatuses(k *kit) {
	aborted := exiting(func(error) error { return endpoint.Errorf(endpoint.Aborted, "x") })
	for _, kd := range k.kinds() {
		for _, tt := range []struct {
			name   string
			first  func(ctx context.Context) error
			server endpoint.Stack
		}{
			{"a success", nil, nil},
			{"an error", func(context.Context) error { return endpoint.Errorf(endpoint.NotFound, "x") }, nil},
			{"a panic", func(context.Context) error { panic(panicValue) }, nil},
			{"an error of a service behind", func(context.Context) error { return endpoint.FromWire(endpoint.NotFound, "behind", "STRANGE", "x") }, nil},
			{"a refusal", nil, endpoint.Stack{refusing(endpoint.Errorf(endpoint.Unauthenticated, "x"))}},
			{"a success that a layer replaced", nil, endpoint.Stack{aborted}},
		} {
			if kd.streamsOut() && tt.name == "a success that a layer replaced" {
				continue // the answer had begun, perhaps with its status
			}
			what := kd.name + ", " + tt.name
			e := k.scripted(kd, script{first: tt.first}, setup{server: tt.server})
			_, err := kd.call(k.ctx, e.Zoo, request())
			server, client := k.next(e.server, what).facts.status, k.next(e.client, what).facts.status
			switch {
			case server != client:
				k.t.Errorf("%s: the server's status is %d and the client's %d", what, server, client)
			case err != nil && server == 0:
				k.t.Errorf("%s: the status is 0", what)
			}
		}
	}
}

func testPeers(k *kit) {
	for _, kd := range k.kinds() {
		for _, p := range append(places(func(context.Context) error { return errDeclared }), place{"a success", script{}}) {
			what := kd.name + ", " + p.name
			e := k.scripted(kd, p.script, setup{})
			_, _ = kd.call(k.ctx, e.Zoo, request())
			for side, w := range map[string]*watch{"server": e.server, "client": e.client} {
				if k.next(w, what).facts.peer == "" {
					k.t.Errorf("%s: the Call of the %s has no peer", what, side)
				}
			}
		}
	}
}
