package natsx_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/natsx"
)

// described is a service of the endpoints of Strings and others, with a description of
// the test.
type described struct {
	Strings
	Upload endpoint.Endpoint[endpoint.Stream[Text], Text]
	Talk   endpoint.Endpoint[endpoint.Stream[Text], endpoint.Stream[Text]]
	Bad    endpoint.Endpoint[chan int, Text]

	describe func(d *described, m *natsx.Methods)
}

func (d *described) NATS(m *natsx.Methods) { d.describe(d, m) }

// omit omits all endpoints that are not of Strings.
func (d *described) omit(m *natsx.Methods) {
	m.Omit(&d.Upload)
	m.Omit(&d.Talk)
	m.Omit(&d.Bad)
}

// TestDescriptionFaults has descriptions with faults, each with its place.
func TestDescriptionFaults(t *testing.T) {
	t.Parallel()
	var nilFormat codec.Format
	for name, tt := range map[string]struct {
		describe func(d *described, m *natsx.Methods)
		opts     []natsx.Option
		want     string
	}{
		"subjects": {describe: func(d *described, m *natsx.Methods) {
			d.omit(m)
			m.Method("upper", &d.Upper)
			m.ServerStream("a.*.b", &d.Repeat)
		}, want: `
natsx: described.Strings.Upper: the subject "upper" has one token, want the name of a service before it
natsx: described.Strings.Repeat: the subject "a.*.b" has a wildcard`},
		"more subjects": {describe: func(d *described, m *natsx.Methods) {
			d.omit(m)
			m.Method("$SYS.upper", &d.Upper)
			m.ServerStream("a. b", &d.Repeat)
		}, want: `
natsx: described.Strings.Upper: the subject "$SYS.upper" belongs to NATS
natsx: described.Strings.Repeat: the subject "a. b" has a space or a character that is not printable`},
		"an empty token, and one subject twice": {describe: func(d *described, m *natsx.Methods) {
			d.omit(m)
			m.Method("a..b", &d.Upper)
			m.ServerStream("a..b", &d.Repeat)
		}, want: `
natsx: described.Strings.Upper: the subject "a..b" has an empty token
natsx: described.Strings.Repeat: the subject "a..b" has an empty token
natsx: described.Strings.Repeat: it is a..b, as described.Strings.Upper is`},
		"streams": {describe: func(d *described, m *natsx.Methods) {
			m.Method("a.upload", &d.Upload, natsx.Partial())
			m.ServerStream("a.talk", &d.Talk, natsx.Partial())
			m.Method("a.repeat", &d.Repeat)
			m.Method("a.upper", &d.Upper)
			m.Omit(&d.Bad)
		}, want: `
natsx: described.Upload: the request is a Stream, which NATS does not carry; omit the endpoint
natsx: described.Talk: the request is a Stream, which NATS does not carry; omit the endpoint
natsx: described.Strings.Repeat: the response is a Stream; use ServerStream`},
		"undescribed, twice, and what JSON has no form for": {describe: func(d *described, m *natsx.Methods) {
			m.Method("a.upper", &d.Upper)
			m.Omit(&d.Upper)
			m.Method("a.bad", &d.Bad, natsx.Partial())
			m.Omit(&d.Upload)
			m.Omit(&d.Talk)
		}, want: `
natsx: described.Strings.Upper: Omit describes it again
natsx: described.Bad: request: chan int: a chan has no form in JSON
natsx: described.Strings.Repeat: it is not described; describe it, or declare it absent with Omit`},
		"options": {describe: func(d *described, m *natsx.Methods) {
			d.omit(m)
			m.Method("a.upper", &d.Upper, natsx.MaxMessage(0), natsx.Codec(nil), natsx.Named(""), natsx.Fails(nil), nil)
			m.ServerStream("a.repeat", &d.Repeat)
		}, opts: []natsx.Option{natsx.Formats(nilFormat), natsx.InFlight(0, 1), natsx.PendingLimits(1, 0), natsx.CallTimeout(0), natsx.NoCallTimeout(), natsx.Named(""), natsx.ErrorHook(nil), nil}, want: `
natsx: option Formats: no format, or a nil one
natsx: option InFlight: 0 calls with 1 bytes, want positive numbers
natsx: option PendingLimits: 1 items with 0 bytes, want positive numbers
natsx: option CallTimeout: the time must be positive, got 0s; NoCallTimeout sets no bound
natsx: option Named: the name is empty
natsx: option ErrorHook: the function is nil
natsx: a nil option
natsx: option PendingLimits is for clients
natsx: option CallTimeout is for clients
natsx: option NoCallTimeout is for clients
natsx: described.Strings.Upper: option MaxMessage: 0 is not positive
natsx: described.Strings.Upper: option Codec: the format is nil
natsx: described.Strings.Upper: option Named: the name is empty
natsx: described.Strings.Upper: option Fails: a nil error
natsx: described.Strings.Upper: a nil option`},
		"formats": {describe: func(d *described, m *natsx.Methods) {
			d.omit(m)
			m.Method("a.upper", &d.Upper, natsx.Codec(codec.As(codec.JSON(), "application/x; y")))
			m.ServerStream("a.repeat", &d.Repeat)
		}, opts: []natsx.Option{natsx.Formats(codec.JSON(), codec.JSON())}, want: `
natsx: described.Strings.Upper: request: the format has the media type "application/x; y"
natsx: described.Strings.Upper: response: the format has the media type "application/x; y"
natsx: described.Strings.Repeat: request: two formats have the media type "application/json"
natsx: described.Strings.Repeat: response: two formats have the media type "application/json"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &described{Upper: upper, Repeat: thrice, describe: tt.describe}
			bubble(t, func(t *testing.T, ns *server.Server) {
				require.EqualError(t, natsx.Register(natsx.NewServer(dial(t, ns)), d, tt.opts...), strings.TrimSpace(tt.want))
			})
		})
	}
}

// TestNilEndpoints has endpoints that are nil, and servers and clients without what they
// need.
func TestNilEndpoints(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		conn := dial(t, ns)
		require.EqualError(t, natsx.Register(natsx.NewServer(conn), new(Strings)), `natsx: Strings.Upper: the endpoint is nil; set it, or give it the option Partial
natsx: Strings.Repeat: the endpoint is nil; set it, or give it the option Partial`)
		require.EqualError(t, natsx.Client(natsx.To(nil), new(Strings)), "natsx: To: the connection is nil")
		require.EqualError(t, natsx.Client(nil, new(Strings)), "natsx: the target is nil")

		partial := func(d *described, m *natsx.Methods) {
			d.omit(m)
			m.Method("a.upper", &d.Upper, natsx.Partial())
			m.ServerStream("a.repeat", &d.Repeat, natsx.Partial())
		}
		serve(t, ns, &described{describe: partial})
		c := &described{describe: partial}
		connect(t, ns, c)
		_, err := c.Upper(t.Context(), Text{"a"})
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
		_, err = collect(t, &c.Strings)
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
		_, err = c.Upload(t.Context(), endpoint.StreamOf(Text{"a"}))
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	})
}

// TestMethodsAfterwards uses a Methods outside of the method NATS.
func TestMethodsAfterwards(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		var kept *natsx.Methods
		d := &described{Upper: upper, Repeat: thrice, describe: func(d *described, m *natsx.Methods) {
			kept = m
			d.omit(m)
			m.Method("a.upper", &d.Upper)
			m.ServerStream("a.repeat", &d.Repeat)
		}}
		require.NoError(t, natsx.Register(natsx.NewServer(dial(t, ns)), d))
		require.Panics(t, func() { kept.Method("a.b", &d.Upper) })
		require.Panics(t, func() { new(natsx.Methods).Method("a.b", &d.Upper) })
	})
}

// factual is Strings with Facts.
type factual struct{ Strings }

func (f *factual) Describe(facts *endpoint.Facts) {
	facts.Of(&f.Upper, endpoint.Idempotent(), endpoint.Doc("upper case"))
}

// TestFacts has the facts of a service on both ends, and the operation.
func TestFacts(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		ops := make(chan *endpoint.Operation, 2)
		seen := natsx.Use(endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			ops <- endpoint.CallFrom(ctx).Operation()
			return ctx, nil, nil
		}))
		serve(t, ns, &factual{Strings{Upper: upper, Repeat: thrice}}, seen)
		var c factual
		connect(t, ns, &c, seen, natsx.Named("text"))
		_, err := c.Upper(t.Context(), Text{"a"})
		require.NoError(t, err)
		for _, want := range []string{"text", "Strings"} {
			op := <-ops
			require.Equal(t, want+" Upper nats strings.upper", op.Service+" "+op.Name+" "+op.Transport+" "+op.Method)
			require.True(t, op.Idempotent)
			require.Equal(t, "upper case", op.Doc)
		}
	})
}
