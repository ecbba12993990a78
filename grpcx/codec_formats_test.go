package grpcx_test

import (
	"context"
	"encoding/json" //nolint:depguard // the codecs that programs register are made of it
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/codec/msgpack"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// TestFormats has a server with several formats answer in that of the client.
func TestFormats(t *testing.T) {
	t.Parallel()
	var types []string
	say := func(ctx context.Context, n Note) (Note, error) {
		types = append(types, endpoint.CallFrom(ctx).Header().Get("content-type"))
		return n, nil
	}
	e := echo()
	e.Say = say
	conn := serve(t, register(t, &plainEcho{e}, grpcx.Formats(codec.JSON(), codec.XML())))
	for _, f := range []codec.Format{codec.JSON(), codec.XML()} {
		var c plainEcho
		connect(t, conn, &c, grpcx.Formats(f))
		got, err := c.Say(t.Context(), Note{Text: "a", Number: 2})
		require.NoError(t, err)
		require.Equal(t, "a", got.Text)
		require.EqualValues(t, 2, got.Number)
		total, err := c.Sum(t.Context(), endpoint.StreamOf(Note{Number: 40}, Note{Number: 2}))
		require.NoError(t, err)
		require.EqualValues(t, 42, total.Number)
	}
	require.Equal(t, []string{"application/grpc+json", "application/grpc+xml"}, types)

	var c plainEcho
	connect(t, conn, &c, grpcx.Formats(mediaFormat{codec.JSON(), "application/cbor"}))
	_, err := c.Say(t.Context(), Note{})
	require.ErrorIs(t, err, grpcx.ErrUnsupportedMediaType)
	require.ErrorContains(t, err, "accepted: application/grpc+json, application/grpc+xml")
	_, err = c.Sum(t.Context(), nil)
	require.ErrorIs(t, err, grpcx.ErrUnsupportedMediaType)

	// What generated code sends is protobuf.
	err = conn.Invoke(t.Context(), "/plain.Echo/Say", &echopb.Note{}, &echopb.Note{})
	require.ErrorContains(t, err, "unsupported media type; accepted: application/grpc+json")
}

// TestCodecOfMethod sets the format of one method.
func TestCodecOfMethod(t *testing.T) {
	t.Parallel()
	var format string
	do := pair(t, func(ctx context.Context, n Note) (Note, error) {
		format = endpoint.CallFrom(ctx).Header().Get("content-type")
		return n, nil
	}, grpcx.Codec(codec.XML()))
	got, err := do(t.Context(), Note{Text: "a"})
	require.NoError(t, err)
	require.Equal(t, "a", got.Text)
	require.Equal(t, "application/grpc+xml", format)
}

// TestUnknownMembers refuses members that a request's type does not have, and
// ignores those of a response.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	type more struct {
		Note
		More int `json:"more"`
	}
	conn := serve(t, register(t, &one[Note, more]{Do: func(_ context.Context, n Note) (more, error) { return more{n, 1}, nil }}))
	var c one[Note, Note]
	connect(t, conn, &c)
	got, err := c.Do(t.Context(), Note{Text: "a"})
	require.NoError(t, err)
	require.Equal(t, "a", got.Text)
	var wide one[more, Note]
	connect(t, conn, &wide)
	_, err = wide.Do(t.Context(), more{More: 1})
	require.ErrorIs(t, err, grpcx.ErrInvalidRequest)
	require.Equal(t, "/more", endpoint.ErrorOf(err).Violations()[0].Pointer)

	lenient := []grpcx.MethodOption{grpcx.AllowUnknown()}
	conn = serve(t, register(t, &one[Note, Note]{none[Note, Note], lenient}))
	wide.opts = lenient
	connect(t, conn, &wide)
	_, err = wide.Do(t.Context(), more{More: 1})
	require.NoError(t, err)
}

// namedCodec is a codec of encoding/json under another name, as programs register
// them; strictCodec takes nothing but its own messages.
type namedCodec struct{ name string }

func (namedCodec) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (namedCodec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
func (c namedCodec) Name() string                     { return c.name }

type strictCodec struct{ namedCodec }

func (strictCodec) Marshal(v any) ([]byte, error) { return []byte(v.(string)), nil }

// mediaFormat is JSON under another media type.
type mediaFormat struct {
	codec.Format
	media string
}

func (f mediaFormat) MediaType() string { return f.media }

// TestRegisteredCodecs is not parallel, because it registers codecs of the whole
// process before its servers run.
func TestRegisteredCodecs(t *testing.T) {
	friendly := mediaFormat{codec.JSON(), "application/vnd.friendly"}
	strict := mediaFormat{codec.JSON(), "application/x-strict"}
	ours := mediaFormat{codec.JSON(), "application/ours"}
	encoding.RegisterCodec(namedCodec{"friendly"})
	encoding.RegisterCodec(strictCodec{namedCodec{"strict"}})
	require.NoError(t, grpcx.RegisterFormats(ours, friendly))
	require.IsType(t, namedCodec{}, encoding.GetCodec("friendly"), "a name that has a codec keeps it")
	require.ErrorContains(t, grpcx.RegisterFormats(nil, rawFormat{"x"}), "a nil format")

	for _, f := range []codec.Format{friendly, ours} {
		conn := serve(t, register(t, &plainEcho{echo()}, grpcx.Formats(f)))
		var c plainEcho
		connect(t, conn, &c, grpcx.Formats(f))
		got, err := c.Say(t.Context(), Note{Text: "a"})
		require.NoError(t, err)
		require.Equal(t, "a", got.Text)
		items, err := c.Talk(t.Context(), endpoint.StreamOf(Note{Text: "a"}))
		require.NoError(t, err)
		all, err := items.Collect()
		require.NoError(t, err)
		require.Len(t, all, 1)
	}
	var r registrar
	err := grpcx.Register(&r, &plainEcho{echo()}, grpcx.Formats(strict))
	require.ErrorContains(t, err, `the codec that the program registered for "strict" takes no messages but its own`)

	c := encoding.GetCodecV2("ours")
	data, err := c.Marshal(&Note{Text: "a"})
	require.NoError(t, err)
	var n Note
	require.NoError(t, c.Unmarshal(data, &n))
	require.Equal(t, "a", n.Text)
}

// TestInProcess is a registrar that is no server: it hands messages over as they
// are, and has no content type.
func TestInProcess(t *testing.T) {
	t.Parallel()
	var r registrar
	e := echo()
	require.NoError(t, grpcx.Register(&r, &e))
	handler := r.desc.Methods[0].Handler
	got, err := handler(r.impl, t.Context(), func(m any) error {
		proto.Merge(m.(proto.Message), &echopb.Note{Text: "a"})
		return nil
	}, nil)
	require.NoError(t, err)
	require.True(t, proto.Equal(&echopb.Note{Text: "a"}, got.(proto.Message)))

	require.NoError(t, grpcx.Register(&r, &plainEcho{e}))
	got, err = r.desc.Methods[0].Handler(r.impl, metadata.NewIncomingContext(t.Context(), nil), func(m any) error {
		return json.Unmarshal([]byte(`{"text":"a"}`), m)
	}, nil)
	require.NoError(t, err)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, `{"text":"a","number":0}`, string(text))
}

// FuzzServer sends bytes as messages: a server answers each, and never ends.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"text":"a","number":1}`, "{\xff", "\x0a\x01a", "\x0a\xff", "null", "[]", `{"blob":"!"}`} {
		f.Add([]byte(seed))
	}
	l := endpointtest.NewListener()
	s := grpc.NewServer()
	e := echo()
	if err := grpcx.Register(s, &e); err != nil {
		f.Fatal(err)
	}
	if err := grpcx.Register(s, &plainEcho{e}); err != nil {
		f.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	f.Cleanup(func() { s.Stop(); <-done })
	conn := dial(f, l)
	calls := map[string]endpoint.Endpoint[rawNote, rawNote]{}
	for service, media := range map[string]string{"endpoint.test.v1.Echo": "application/protobuf", "plain.Echo": "application/json"} {
		var c rawSay
		c.service, c.media = service, media
		connect(f, conn, &c)
		calls[service] = c.Say
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for service, call := range calls {
			switch _, err := call(t.Context(), rawNote{data}); endpoint.CodeOf(err) {
			case endpoint.OK, endpoint.InvalidArgument, endpoint.FailedPrecondition:
			default:
				t.Errorf("%s answers %q with %v", service, data, err)
			}
		}
	})
}

type rawSay struct {
	Say            endpoint.Endpoint[rawNote, rawNote]
	service, media string
}

func (s *rawSay) GRPC(m *grpcx.Methods) {
	m.Service(s.service)
	m.Unary("Say", &s.Say, grpcx.Codec(rawFormat{s.media}))
}

// TestNull has a null where the type has none: a fault on a server, and the zero value
// on a client.
func TestNull(t *testing.T) {
	t.Parallel()
	type loose struct {
		Text *string `json:"text"`
	}
	for _, f := range []codec.Format{codec.JSON(), cbor.Format(), msgpack.Format()} {
		conn := serve(t, register(t, &one[Note, loose]{Do: func(context.Context, Note) (loose, error) { return loose{}, nil }}, grpcx.Formats(f)))
		var asks one[loose, loose]
		connect(t, conn, &asks, grpcx.Formats(f))
		_, err := asks.Do(t.Context(), loose{})
		require.ErrorIs(t, err, grpcx.ErrInvalidRequest)
		require.Equal(t, []endpoint.Violation{{Pointer: "/text", Detail: "must not be null"}}, endpoint.ErrorOf(err).Violations(), f.MediaType())

		var reads one[Note, Note]
		connect(t, conn, &reads, grpcx.Formats(f))
		got, err := reads.Do(t.Context(), Note{Text: "a"})
		require.NoError(t, err, f.MediaType())
		require.Empty(t, got.Text)
	}
}
