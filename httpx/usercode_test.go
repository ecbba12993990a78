package httpx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

type Text struct {
	S string `json:"s"`
}
type Count struct {
	N int `json:"n"`
}

var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "strings", "EMPTY", "empty string")

type Strings struct {
	Upper endpoint.Endpoint[Text, Text]
	Count endpoint.Endpoint[Text, Count]
}

func (s *Strings) HTTP(r *httpx.Routes) {
	r.POST("/upper", &s.Upper, httpx.Fails(ErrEmpty))
	r.POST("/count", &s.Count)
}

func upper(_ context.Context, t Text) (Text, error) {
	if t.S == "" {
		return Text{}, ErrEmpty
	}
	return Text{strings.ToUpper(t.S)}, nil
}

func count(_ context.Context, t Text) (Count, error) { return Count{len(t.S)}, nil }

func timing(ctx context.Context) (context.Context, func(error) error, error) {
	start := time.Now()
	return ctx, func(err error) error {
		slog.DebugContext(ctx, endpoint.CallFrom(ctx).Operation().Name, "took", time.Since(start), "err", err)
		return err
	}, nil
}

func TestUserCode(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	require.NoError(t, httpx.Mount(r, &Strings{Upper: upper, Count: count}, httpx.Use(endpoint.LayerFunc(timing))))
	r.Method("POST", "/again", httpx.Handler(endpoint.Chain(upper, endpoint.LayerFunc(timing).Wrap)))
	server := httptest.NewServer(httpx.Problems(r))
	defer server.Close()

	var c Strings
	require.NoError(t, httpx.Client(httpx.To(server.URL), &c))
	got, err := c.Upper(t.Context(), Text{"hello"})
	require.NoError(t, err)
	require.Equal(t, Text{"HELLO"}, got)
	n, err := c.Count(t.Context(), Text{"hello"})
	require.NoError(t, err)
	require.Equal(t, Count{5}, n)
	_, err = c.Upper(t.Context(), Text{})
	require.ErrorIs(t, err, ErrEmpty, "%v", err)

	for _, req := range []struct{ method, path, body string }{
		{"POST", "/again", `{"s":"x"}`}, {"POST", "/upper", `{"s":1,"x":2}`}, {"GET", "/upper", ""}, {"GET", "/nope", ""}, {"OPTIONS", "/upper", ""}, {"POST", "/upper", ""},
	} {
		r, _ := http.NewRequest(req.method, server.URL+req.path, bytes.NewBufferString(req.body))
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		t.Log(req, resp.Status, resp.Header, string(b))
	}
}
