package codecguide

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/codec/msgpack"
	"github.com/typedkit/endpoint/endpointtest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var level codec.Optional[int8]
	level.Set(7)
	want := Reading{
		Sensor: "a/b", At: at, Value: 1.5, Raw: []byte{1}, Note: codec.Some("x"), Every: time.Minute,
		Levels: map[int]codec.Optional[int8]{-1: level},
	}
	mux := http.NewServeMux()
	require.NoError(t, mount(mux, &Sensors{Store: func(_ context.Context, r Reading) (Stored, error) {
		if r.Note.IsNull() {
			return Stored{}, nil
		}
		require.Equal(t, want, r)
		return Stored{1}, nil
	}}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := dial(server.URL)
	require.NoError(t, err)
	got, err := c.Store(t.Context(), want)
	require.NoError(t, err)
	require.Equal(t, Stored{1}, got)

	body, err := msgpack.Format().Append(nil, &map[string]any{"value": 1, "note": nil, "at": at})
	require.NoError(t, err)
	resp, err := http.Post(server.URL+"/sensors/1", "application/x-msgpack", bytes.NewReader(body)) //nolint:noctx // a test
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, `{"n":0}`, string(text), "a client that does not say gets the first format")
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	s := grpc.NewServer()
	require.NoError(t, register(s, &Plain{Count: func(_ context.Context, all []Stored) (Stored, error) {
		return Stored{len(all)}, nil
	}}))
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-done })
	conn, err := grpc.NewClient("passthrough:///guide", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	c, err := connect(conn)
	require.NoError(t, err)
	got, err := c.Count(t.Context(), []Stored{{1}, {2}})
	require.NoError(t, err)
	require.Equal(t, Stored{2}, got)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, mountNames(mux))
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/upper", strings.NewReader(`"x"`))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(w, r)
	require.Equal(t, `"X"`, w.Body.String())
}

func TestOwnForm(t *testing.T) {
	t.Parallel()
	for _, f := range []codec.Format{codec.JSON(), cbor.Format(), msgpack.Format()} {
		in := map[Color][]Color{{1, 2, 255}: {{0, 16, 32}}}
		text, err := f.Append(nil, &in)
		require.NoError(t, err)
		require.Contains(t, string(text), "#0102ff")
		var got map[Color][]Color
		require.NoError(t, f.Decode(text, &got))
		require.Equal(t, in, got)
		bad := []string{"blue"}
		text, err = f.Append(nil, &bad)
		require.NoError(t, err)
		var colors []Color
		err = f.Decode(text, &colors)
		require.ErrorIs(t, err, codec.ErrInvalid)
		require.Equal(t, []endpoint.Violation{{Pointer: "/0", Detail: "must be a color such as #1e90ff"}}, endpoint.ErrorOf(err).Violations())
	}
}

func Example() {
	v := Stored{300}
	for _, f := range []codec.Format{codec.JSON(), cbor.Format(), msgpack.Format()} {
		text, err := f.Append(nil, &v)
		fmt.Printf("%s: %d bytes %q %v\n", f.MediaType(), len(text), text, err)
	}
	// Output:
	// application/json: 9 bytes "{\"n\":300}" <nil>
	// application/cbor: 6 bytes "\xa1an\x19\x01," <nil>
	// application/vnd.msgpack: 6 bytes "\x81\xa1n\xcd\x01," <nil>
}
