package thriftx_test

import (
	"maps"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// zoo describes the endpoints of the conformance table to Thrift.
type zoo struct{ *transporttest.Zoo }

func (z *zoo) Thrift(m *thriftx.Methods) {
	fails := thriftx.Fails(transporttest.Fails()...)
	m.Method("unary", &z.Unary, unaryArgs, unaryResult, fails)
	m.Method("idempotent", &z.Idempotent, idempotentArgs, idempotentResult, fails, thriftx.Idempotent())
	m.Method("empty", &z.Empty, emptyArgs, emptyResult)
	m.Omit(&z.ServerStream)
	m.Omit(&z.ClientStream)
	m.Omit(&z.Bidi)
}

var (
	unaryArgs = thriftx.Map(
		func(m transporttest.Message) *zoothrift.ZooUnaryArgs {
			return &zoothrift.ZooUnaryArgs{Message: toMessage(m)}
		},
		func(a *zoothrift.ZooUnaryArgs) (transporttest.Message, error) { return fromMessage(a.Message) },
	)
	unaryResult = thriftx.MapResult(
		func(m transporttest.Message, err error) *zoothrift.ZooUnaryResult {
			if err != nil {
				return nil
			}
			return &zoothrift.ZooUnaryResult{Success: toMessage(m)}
		},
		func(r *zoothrift.ZooUnaryResult) (transporttest.Message, error) { return fromMessage(r.Success) },
	)
	idempotentArgs = thriftx.Map(
		func(m transporttest.Message) *zoothrift.ZooIdempotentArgs {
			return &zoothrift.ZooIdempotentArgs{Message: toMessage(m)}
		},
		func(a *zoothrift.ZooIdempotentArgs) (transporttest.Message, error) { return fromMessage(a.Message) },
	)
	idempotentResult = thriftx.MapResult(
		func(m transporttest.Message, err error) *zoothrift.ZooIdempotentResult {
			if err != nil {
				return nil
			}
			return &zoothrift.ZooIdempotentResult{Success: toMessage(m)}
		},
		func(r *zoothrift.ZooIdempotentResult) (transporttest.Message, error) { return fromMessage(r.Success) },
	)
	emptyArgs = thriftx.Map(
		func(endpoint.Empty) *zoothrift.ZooEmptyArgs { return &zoothrift.ZooEmptyArgs{} },
		func(*zoothrift.ZooEmptyArgs) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
	)
	emptyResult = thriftx.MapResult(
		func(endpoint.Empty, error) *zoothrift.ZooEmptyResult { return &zoothrift.ZooEmptyResult{} },
		func(*zoothrift.ZooEmptyResult) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
	)
)

func toMessage(m transporttest.Message) *zoothrift.Message {
	trap, err := m.Trap.MarshalText()
	if err != nil {
		trap = []byte("unmarshal fails") // a mapping cannot fail; the reader does
	}
	return &zoothrift.Message{Text: m.Text, Number: m.Number, Blob: m.Blob, Trap: string(trap)}
}

func fromMessage(m *zoothrift.Message) (transporttest.Message, error) {
	if m == nil {
		return transporttest.Message{}, nil
	}
	out := transporttest.Message{Text: m.Text, Number: m.Number, Blob: m.Blob}
	if m.Trap == "" {
		return out, nil
	}
	return out, out.Trap.UnmarshalText([]byte(m.Trap))
}

// serveZoo returns what serves and connects zoos over Thrift.
func serveZoo(wire ...thriftx.WireOption) func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	return func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
		opts := []thriftx.ServerOption{thriftx.MaxMessage(e.MaxMessage)}
		for _, o := range wire {
			opts = append(opts, o)
		}
		s := thriftx.NewServer(opts...)
		if err := thriftx.Register(s, &zoo{z}, thriftx.Use(e.Layers...), thriftx.ErrorHook(e.Hook)); err != nil {
			return nil, err
		}
		l := endpointtest.NewListener()
		e.Cleanup(func() { _ = s.Close() })
		go s.Serve(l)
		return func(z *transporttest.Zoo, e transporttest.End) error {
			opts := []thriftx.ConnOption{thriftx.Dial(l.Dial)}
			for _, o := range wire {
				opts = append(opts, o)
			}
			conn := thriftx.To("zoo.example:8083", opts...)
			e.Cleanup(func() { conn.Close() })
			return thriftx.Client(e.Counted(conn), &zoo{z}, thriftx.Use(e.Layers...))
		}, nil
	}
}

// TestTransport runs the conformance table with all protocols.
func TestTransport(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string][]thriftx.WireOption{
		"binary":          nil,
		"binary, framed":  {thriftx.Framed()},
		"compact":         {thriftx.Speak(thriftx.Compact)},
		"compact, framed": {thriftx.Speak(thriftx.Compact), thriftx.Framed()},
		"JSON":            {thriftx.Speak(thriftx.JSON)},
		"JSON, framed":    {thriftx.Speak(thriftx.JSON), thriftx.Framed()},
	} {
		transporttest.Run(t, transporttest.Transport{Name: name, Serve: serveZoo(wire...), Limits: limits(withoutMetadata)})
	}
	transporttest.Run(t, transporttest.Transport{Name: "header", Serve: serveZoo(thriftx.Speak(thriftx.Header)), Limits: limits(nil)})
}

// limits returns those of every protocol and more.
func limits(more map[transporttest.Case]string) map[transporttest.Case]string {
	all := map[transporttest.Case]string{
		transporttest.ServerStreams:       "Thrift has no streams",
		transporttest.ClientStreams:       "Thrift has no streams",
		transporttest.BidiStreams:         "Thrift has no streams",
		transporttest.UnwritableRequests:  "a generated struct can always be written",
		transporttest.UnwritableResponses: "a generated struct can always be written",
	}
	maps.Copy(all, more)
	return all
}

// withoutMetadata are the limits of protocols that carry a request and nothing beside it.
var withoutMetadata = map[transporttest.Case]string{
	transporttest.Credentials: noMetadata, transporttest.RefusedCredentials: noMetadata,
	transporttest.RequestHeaders: noMetadata, transporttest.ReplyHeaders: noMetadata, transporttest.BinaryHeaders: noMetadata,
	transporttest.LayerHeaders: noMetadata, transporttest.GatewayHeaders: noMetadata,
	transporttest.Retries:       noMetadata + ", and so not the number of an attempt",
	transporttest.Hedges:        noMetadata + ", and so not the number of an attempt",
	transporttest.DeadlineSent:  noMetadata + ", and so no deadline",
	transporttest.FairDeadlines: noMetadata + ", and so no deadline",
	transporttest.BlamedTargets: noMetadata + ", and so no deadline",
}

const noMetadata = "only THeader carries metadata"
