package transporttest

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
)

// unfair returns a time that is too short for its end to count against a server.
func (k *kit) unfair() time.Duration { return k.unit / 2 }

// fair is a time that is long enough for that.
const fair = 1200 * time.Millisecond

// A chain is a service, a gateway in front of it, and the gateway's caller.
type chain struct {
	kind

	back  *ends // the service, and the gateway as its client
	front *ends // the gateway, and its caller
}

// chained opens a service that follows the script, and a gateway in front of it. The
// layers are those of the gateway's client.
func (k *kit) chained(kd kind, sc script, gateway endpoint.Stack) *chain {
	k.t.Helper()
	back := k.scripted(kd, sc, setup{client: gateway})
	return &chain{kd, back, k.open(*back.Zoo, setup{})}
}

// timeOut makes a call with a deadline after d.
func (c *chain) timeOut(k *kit, d time.Duration, what string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.ctx, d)
	defer cancel()
	err := k.receive(background(func() error { _, err := c.call(ctx, c.front.Zoo, request()); return err }), what+": the end of the call")
	k.wantCode(what, err, endpoint.DeadlineExceeded)
}

// ends makes a call with a deadline after d, and returns the errors that the layers on
// its way got: of the service, of the gateway's client, of the gateway, of the caller.
func (c *chain) ends(k *kit, d time.Duration, what string) (served, called, passed, got error) {
	k.t.Helper()
	c.timeOut(k, d, what)
	return k.next(c.back.server, what).err, k.next(c.back.client, what).err, k.next(c.front.server, what).err, k.next(c.front.client, what).err
}

// wantBlame fails the case unless err counts against the server, or does not.
func (k *kit) wantBlame(what string, err error, want bool) {
	k.t.Helper()
	switch {
	case err == nil:
		k.t.Errorf("%s: there is no error", what)
	case endpoint.ServerFault(err) != want && want:
		k.t.Errorf("%s: the error does not count against the server: %v", what, err)
	case endpoint.ServerFault(err) != want:
		k.t.Errorf("%s: the error counts against the server: %v", what, err)
	}
}

func testShortDeadlines(k *kit) {
	for _, kd := range k.kinds() {
		for _, p := range places(k.hold) {
			what := kd.name + ", " + p.name
			served, called, passed, got := k.chained(kd, p.script, nil).ends(k, k.unfair(), what)
			k.wantBlame(what+", at the service", served, false)
			k.wantBlame(what+", at the gateway's client", called, false)
			k.wantBlame(what+", at the gateway", passed, false)
			k.wantBlame(what+", at the caller, whose own deadline it is", got, true)
		}
	}
}

func testFairDeadlines(k *kit) {
	for _, kd := range k.kinds() {
		for _, p := range places(k.hold) {
			what := kd.name + ", " + p.name
			// A stream that has begun, and one that the caller sends, may take as long
			// as the caller wants.
			want := !kd.streamsIn() && (!kd.streamsOut() || p.name == beforeItems)
			served, called, passed, _ := k.chained(kd, p.script, nil).ends(k, fair, what)
			k.wantBlame(what+", at the service", served, want)
			k.wantBlame(what+", at the gateway's client", called, want)
			k.wantBlame(what+", at the gateway", passed, want)
		}
	}
}

func testOwnDeadlines(k *kit) {
	for _, kd := range k.kinds() {
		for _, p := range places(k.hold) {
			what := kd.name + ", " + p.name
			_, called, passed, got := k.chained(kd, p.script, endpoint.Stack{timing(k.unfair())}).ends(k, 60*k.unit, what)
			k.wantBlame(what+", at the gateway's client", called, true)
			k.wantBlame(what+", at the gateway", passed, true)
			k.wantBlame(what+", at the caller", got, true)
		}
	}
}

func testPassedDeadlines(k *kit) {
	past, cancel := context.WithDeadline(k.ctx, time.Now().Add(-k.unit))
	defer cancel()
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{}, setup{})
		_, err := kd.call(past, e.Zoo, request())
		k.wantCode(kd.name, err, endpoint.DeadlineExceeded)
		k.wantBlame(kd.name, k.next(e.client, kd.name).err, false)
		acquired, _ := e.targets.count()
		k.wantEqual(kd.name+": attempts acquired", acquired, 0)
		k.wantAlive(kd.name, e)
	}
}

func testBlamedTargets(k *kit) {
	for _, kd := range k.kinds() {
		if kd.streamsIn() {
			continue // see testFairDeadlines: a second for each is enough
		}
		for _, p := range places(k.hold) {
			for _, tt := range []struct {
				name string
				d    time.Duration
				fair bool
			}{{"a short deadline", k.unfair(), false}, {"a fair deadline", fair, true}} {
				what := kd.name + ", " + p.name + ", " + tt.name
				want := tt.fair && (!kd.streamsOut() || p.name == beforeItems)
				c := k.chained(kd, p.script, nil)
				c.timeOut(k, tt.d, what)
				k.settle(c.back)
				outcomes := c.back.targets.released()
				if len(outcomes) != 1 {
					k.t.Errorf("%s: %d attempts were released, want one", what, len(outcomes))
					continue
				}
				k.wantBlame(what+", at the target", outcomes[0], want)
			}
		}
	}
}

func testReportedCodes(k *kit) {
	for _, kd := range k.kinds() {
		var fail error
		backend := k.scripted(kd, script{first: func(context.Context) error { return fail }}, setup{})
		front := k.open(*backend.Zoo, setup{})
		for _, r := range append(reduced(), unchanged("declared", detailed(errBehind))) {
			fail = r.err
			what := kd.name + ", " + r.name
			before := len(front.hooked.after(0))
			_, err := kd.call(k.ctx, front.Zoo, request())
			if !poll(patience, func() bool { return len(front.hooked.after(before)) > 0 }) {
				k.t.Errorf("%s: the hook was not called", what)
				continue
			}
			k.wantCode(what+": the hook", front.hooked.after(before)[0].err, endpoint.CodeOf(err))
		}
	}
}
