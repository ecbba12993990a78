package transporttest

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
)

// reduced returns errors of a service behind a gateway that does not declare them,
// with the outcomes for the gateway's callers.
func reduced() []errorRow {
	return []errorRow{
		{"of any code", detailed(errStrange), internal},
		{"with a code alone", endpoint.Errorf(endpoint.NotFound, "nothing there"), internal},
		{"with words alone", endpoint.Errorf(endpoint.Unauthenticated, "who are you"), internal},
		{
			"unavailable", endpoint.Errorf(endpoint.Unavailable, "host 7 is down").WithRetryAfter(time.Second),
			outcome{code: endpoint.Unavailable, message: "temporarily unavailable", retry: time.Second},
		},
		{
			"exhausted", endpoint.Errorf(endpoint.ResourceExhausted, "quota of host 7").WithRetryAfter(time.Minute),
			outcome{code: endpoint.ResourceExhausted, message: "resource exhausted", retry: time.Minute},
		},
		{"canceled", endpoint.Errorf(endpoint.Canceled, "host 7 stops"), plain(endpoint.Canceled, "canceled")},
		{"out of time", endpoint.Errorf(endpoint.DeadlineExceeded, "host 7 is slow"), plain(endpoint.DeadlineExceeded, "deadline exceeded")},
	}
}

// testGateways has a handler return errors as they came over a wire, and then a
// gateway in front of a server that returns them.
func testGateways(k *kit) {
	known := detailed(errBehind)
	overWire := func(e *endpoint.Error) *endpoint.Error {
		w := endpoint.FromWire(e.Code(), e.Domain(), e.Reason(), e.Message()).
			WithViolations(e.Violations()...).WithRetryAfter(e.RetryAfter()).WithHelp(e.Help()...)
		for key, value := range e.Meta() {
			w = w.WithMeta(key, value)
		}
		return w
	}
	rows := []errorRow{{"declared", overWire(known), outcomeOf(known)}}
	for _, r := range reduced() {
		rows = append(rows, errorRow{r.name, overWire(endpoint.ErrorOf(r.err)), r.want})
	}
	k.wantErrors(rows)

	rows = append([]errorRow{unchanged("declared", known)}, reduced()...)
	for _, kd := range k.kinds() {
		var fail error
		backend := k.scripted(kd, script{first: func(context.Context) error { return fail }}, setup{})
		front := k.open(*backend.Zoo, setup{})
		for _, r := range rows {
			fail = r.err
			_, err := kd.call(k.ctx, front.Zoo, request())
			k.wantRemote(kd.name+", "+r.name, err, r.want)
		}
		fail = nil
		got, err := kd.call(k.ctx, front.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantMessages(kd.name, got, response())
	}
}

func testGatewayHeaders(k *kit) {
	for _, kd := range k.kinds() {
		seen := "the handler did not run"
		backend := k.scripted(kd, script{open: func(ctx context.Context) error {
			seen = endpoint.CallFrom(ctx).Header().Get("x-key")
			endpoint.CallFrom(ctx).Reply().Set("x-reply", "of the service behind")
			return nil
		}}, setup{})
		front := k.open(*backend.Zoo, setup{})
		_, err := kd.call(endpoint.WithHeader(k.ctx, "x-key", "for the gateway"), front.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantEqual(kd.name+": the header at the service behind", seen, "")
		k.wantEqual(kd.name+": the header at the gateway", k.next(front.server, kd.name).facts.header["x-key"], []string{"for the gateway"})
		k.wantEqual(kd.name+": the reply at the gateway's client", k.next(backend.client, kd.name).facts.reply["x-reply"], []string{"of the service behind"})
		if got := k.next(front.client, kd.name).facts.reply["x-reply"]; got != nil {
			k.t.Errorf("%s: the gateway passes on the header of a reply: %q", kd.name, got)
		}
	}
}

func testDelivery(k *kit) {
	e := k.open(Zoo{
		Unary: func(context.Context, Message) (Message, error) {
			return Message{}, endpoint.Errorf(endpoint.Unavailable, "x")
		},
		Idempotent: func(context.Context, Message) (Message, error) {
			return Message{}, endpoint.Errorf(endpoint.Unavailable, "x")
		},
	}, setup{})
	_, err := e.Unary(k.ctx, request())
	k.wantDelivery("an answer", err, false, true, false)
	_, err = e.Idempotent(k.ctx, request())
	k.wantDelivery("an answer of an idempotent operation", err, false, false, true)
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{first: func(context.Context) error { return endpoint.Errorf(endpoint.Unavailable, "x") }}, setup{})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantDelivery(kd.name, err, false, true, false)
	}
}

// wantDelivery compares the delivery marks of the error of a call.
func (k *kit) wantDelivery(what string, err error, notSent, maybeSent, retryable bool) {
	k.t.Helper()
	k.wantEqual(what+": NotSent", endpoint.NotSent(err), notSent)
	k.wantEqual(what+": MaybeSent", endpoint.MaybeSent(err), maybeSent)
	k.wantEqual(what+": Retryable", endpoint.Retryable(err), retryable)
}

// testUnreachable calls a server that has stopped, over a new client and over one
// that had a connection.
func testUnreachable(k *kit) {
	for _, used := range []bool{false, true} {
		e := k.open(Zoo{}, setup{})
		if used {
			_, err := e.Unary(k.ctx, request())
			k.wantSuccess("Unary before the server stops", err)
			k.next(e.client, "Unary before the server stops")
		}
		e.stop()
		k.pause() // until the client knows
		for _, kd := range k.kinds() {
			_, err := kd.call(k.ctx, e.Zoo, request())
			k.wantCode(kd.name, err, endpoint.Unavailable)
			k.wantDelivery(kd.name, err, true, false, true)
			if err != nil {
				k.wantEqual(kd.name+": the message", endpoint.ErrorOf(err).Message(), "temporarily unavailable")
			}
			if err != nil && endpoint.ErrorOf(err).Remote() {
				k.t.Errorf("%s: the error of the client is Remote", kd.name)
			}
			if end := k.next(e.client, kd.name); endpoint.CodeOf(end.err) != endpoint.Unavailable {
				k.t.Errorf("%s: the layers of the client got %v", kd.name, end.err)
			}
		}
	}
}
