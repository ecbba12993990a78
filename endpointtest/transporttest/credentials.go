package transporttest

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
)

// caller is who calls a Zoo that requires credentials.
type caller string

func (c caller) Principal() string { return string(c) }

var callers = &auth.Bearer[caller]{Name: "callers"}

// verifying is the layer of a server that knows three tokens: one with the scope that
// endpoints require, one without it, and the number that is current.
func verifying(current *atomic.Int64) endpoint.Layer {
	return callers.Verify(func(_ context.Context, token string) (caller, []string, error) {
		switch token {
		case "entitled", strconv.FormatInt(current.Load(), 10):
			return "ann", []string{"zoo"}, nil
		case "known":
			return "bob", nil, nil
		}
		return "", nil, errors.New("the token is not known")
	})
}

// tokenAge is the age from which a token is dropped when a server refuses it.
const tokenAge = 1100 * time.Millisecond

func required() []endpoint.Fact { return []endpoint.Fact{endpoint.Requires(callers.Scope("zoo"))} }

func testCredentials(k *kit) {
	for _, kd := range k.kinds() {
		for _, tt := range []struct {
			token, identity string
			code            endpoint.Code
		}{
			{"entitled", "", endpoint.OK},
			{"known", "endpoint/SCOPE_MISSING", endpoint.PermissionDenied},
			{"unknown", "endpoint/UNAUTHENTICATED", endpoint.Unauthenticated},
		} {
			what := kd.name + ", token " + tt.token
			var seen []string
			z := Zoo{facts: required()}
			kd.serve(&z, script{open: func(ctx context.Context) error {
				who, _ := callers.From(ctx)
				seen = append(seen, string(who), endpoint.CallFrom(ctx).Principal())
				return nil
			}})
			e := k.open(z, setup{
				server: endpoint.Stack{verifying(new(atomic.Int64))},
				client: endpoint.Stack{callers.Send(auth.Static(tt.token))},
			})
			_, err := kd.call(k.ctx, e.Zoo, request())
			if tt.code == endpoint.OK {
				k.wantSuccess(what, err)
				k.settle(e)
				k.wantEqual(what+": who calls, to the handler", seen, []string{"ann", "ann"})
				continue
			}
			k.wantIdentity(what, err, tt.code, tt.identity)
			k.settle(e)
			k.wantEqual(what+": the handler ran", len(seen) > 0, false)
		}
	}
}

func testRefusedCredentials(k *kit) {
	var current, fetched, ran atomic.Int64
	current.Store(1)
	tokens := auth.NewTokens(func(context.Context) (auth.Token, error) {
		return auth.Token{Value: strconv.FormatInt(fetched.Add(1), 10)}, nil
	})
	z := Zoo{facts: required(), Unary: func(_ context.Context, m Message) (Message, error) { ran.Add(1); return m, nil }}
	e := k.open(z, setup{
		server: endpoint.Stack{verifying(&current)},
		client: endpoint.Stack{&repeating{times: 3}, callers.Send(tokens)},
	})
	_, err := e.Unary(k.ctx, request())
	k.wantSuccess("with the first token", err)
	poll(tokenAge, func() bool { return false })
	current.Store(2)
	_, err = e.Unary(k.ctx, request())
	k.wantSuccess("with the token after the one that was refused", err)
	k.settle(e)
	k.wantEqual("tokens", fetched.Load(), int64(2))
	k.wantEqual("calls of the handler", ran.Load(), int64(2))
	acquired, _ := e.targets.count()
	if !k.tr.limited(Acquires) {
		k.wantEqual("attempts", acquired, 3)
	}
}
