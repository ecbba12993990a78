package netrpcx_test

import (
	"context"
	"net"
	"testing"

	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/netrpcx"
)

// zoo describes the endpoints of the conformance table to net/rpc.
type zoo struct{ *transporttest.Zoo }

func (z *zoo) RPC(m *netrpcx.Methods) {
	fails := netrpcx.Fails(transporttest.Fails()...)
	m.Method("Zoo.Unary", &z.Unary, fails)
	m.Method("Zoo.Idempotent", &z.Idempotent, fails, netrpcx.Idempotent())
	m.Method("Zoo.Empty", &z.Empty)
	m.Omit(&z.ServerStream)
	m.Omit(&z.ClientStream)
	m.Omit(&z.Bidi)
}

// serveZoo returns what serves and connects zoos.
func serveZoo(opts ...netrpcx.Option) func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	return func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
		s, err := netrpcx.NewServer(&zoo{z}, append([]netrpcx.Option{
			netrpcx.Use(e.Layers...), netrpcx.ErrorHook(e.Hook), netrpcx.MaxMessage(int64(e.MaxMessage)),
		}, opts...)...)
		if err != nil {
			return nil, err
		}
		l := endpointtest.NewListener()
		e.Cleanup(func() { s.Close() })
		go s.Serve(l)
		return func(z *transporttest.Zoo, e transporttest.End) error {
			conn := netrpcx.To("zoo.example:1", netrpcx.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) { return l.Dial(ctx, network, addr) }))
			e.Cleanup(func() { conn.Close() })
			return netrpcx.Client(e.Counted(conn), &zoo{z}, append([]netrpcx.Option{netrpcx.Use(e.Layers...)}, opts...)...)
		}, nil
	}
}

// TestTransport runs the conformance table in both forms.
func TestTransport(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, transporttest.Transport{Name: "JSON", Serve: serveZoo(netrpcx.JSON()), Limits: limits()})
	gob := limits()
	for _, c := range []transporttest.Case{
		transporttest.UnreadableRequests, transporttest.UnreadableResponses, transporttest.UnwritableRequests, transporttest.UnwritableResponses,
		transporttest.CodecPanics, transporttest.ClientCodecPanics,
	} {
		gob[c] = "gob does not call the methods of texts; TestGobFails has those that it calls"
	}
	transporttest.Run(t, transporttest.Transport{Name: "gob", Serve: serveZoo(), Limits: gob})
}

// limits returns what the protocol does not have.
func limits() map[transporttest.Case]string {
	all := map[transporttest.Case]string{}
	for reason, cases := range map[string][]transporttest.Case{
		"the protocol has no streams": {transporttest.ServerStreams, transporttest.ClientStreams, transporttest.BidiStreams},
		"the protocol has no metadata": {
			transporttest.RequestHeaders, transporttest.ReplyHeaders, transporttest.BinaryHeaders, transporttest.LayerHeaders, transporttest.GatewayHeaders,
			transporttest.Credentials, transporttest.RefusedCredentials, transporttest.Retries, transporttest.Hedges,
		},
		"the protocol has no deadlines: the server hears of one when the connection ends": {
			transporttest.DeadlineSent, transporttest.FairDeadlines, transporttest.BlamedTargets,
		},
		"an error has no details: its text has a code, an identity and a message": {
			transporttest.ErrorDetails, transporttest.ErrorText, transporttest.ErrorLimits, transporttest.Gateways,
			transporttest.ConcurrentCalls, transporttest.LayerRefusals, transporttest.HookPanics,
		},
	} {
		for _, c := range cases {
			all[c] = reason
		}
	}
	return all
}
