package jsonrpcx_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// TestAnswers has answers of servers that a client cannot take for a result.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status  int
		body    string
		code    endpoint.Code
		message string // a part of the text; empty for a success
	}{
		"a result":                  {200, result(`8`), endpoint.OK, ""},
		"other members":             {200, `{"jsonrpc":"2.0","result":8,"id":1,"x":[{}]}`, endpoint.OK, ""},
		"null":                      {200, result(`null`), endpoint.OK, ""},
		"a null error":              {200, `{"jsonrpc":"2.0","result":8,"error":null,"id":1}`, endpoint.OK, ""},
		"nothing":                   {200, ``, endpoint.Internal, "the answer has no body"},
		"no content":                {204, ``, endpoint.Internal, "the answer has no body"},
		"no JSON":                   {200, `<html>`, endpoint.Internal, "it is not JSON"},
		"a batch":                   {200, `[` + result(`8`) + `]`, endpoint.Internal, "it is not a response object"},
		"version 1.0":               {200, `{"result":8,"error":null,"id":1}`, endpoint.Internal, "it is not a response object"},
		"neither":                   {200, `{"jsonrpc":"2.0","id":1}`, endpoint.Internal, "it has neither a result nor an error"},
		"both":                      {200, `{"jsonrpc":"2.0","result":8,"error":{"code":1},"id":1}`, endpoint.Internal, "it has both"},
		"another id":                {200, `{"jsonrpc":"2.0","result":8,"id":2}`, endpoint.Internal, "the id is that of another call"},
		"a text as id":              {200, `{"jsonrpc":"2.0","result":8,"id":"1"}`, endpoint.Internal, "the id is that of another call"},
		"another type":              {200, result(`"x"`), endpoint.Internal, "must be a number"},
		"an error that is a text":   {200, `{"jsonrpc":"2.0","error":"x","id":1}`, endpoint.Internal, "the error is not an object with a code"},
		"an error without a code":   {200, `{"jsonrpc":"2.0","error":{"code":"x"},"id":1}`, endpoint.Internal, "the error is not an object with a code"},
		"an error with a status":    {500, `{"jsonrpc":"2.0","error":{"code":-32005,"message":"m"},"id":null}`, endpoint.NotFound, "m"},
		"a status":                  {404, `not found`, endpoint.CodeOfStatus(404), "not found"},
		"a result with a status":    {503, result(`8`), endpoint.Unavailable, ""},
		"a problem":                 {409, `{"code":"ABORTED","domain":"rooms","reason":"BUSY","detail":"d"}`, endpoint.Aborted, "d"},
		"a result that is too long": {200, `{"jsonrpc":"2.0","result":8,"id":1}` + strings.Repeat(" ", 17<<20), endpoint.ResourceExhausted, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := calling(t, tt.status, tt.body)
			if tt.code == endpoint.OK {
				require.Nil(t, e)
				return
			}
			require.NotNil(t, e)
			require.Equal(t, tt.code, e.Code(), "%v", e)
			require.ErrorContains(t, e, tt.message)
		})
	}
}

// TestNotifications has a client that sends notifications.
func TestNotifications(t *testing.T) {
	t.Parallel()
	type service = single[int, endpoint.Empty]
	describe := func(s *service, m *jsonrpcx.Methods) { m.Method("do", &s.Do, jsonrpcx.Notification()) }
	var got []string
	client := func(t *testing.T, status int, body string) *described[service] {
		t.Helper()
		url := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent, _ := io.ReadAll(r.Body)
			got = append(got, string(sent))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		c := &described[service]{describe: describe}
		require.NoError(t, jsonrpcx.Client(httpx.To(url), c))
		return c
	}
	for status, body := range map[int]string{204: "", 200: "thanks", 202: `{"jsonrpc":"2.0"}`} {
		_, err := client(t, status, body).S.Do(t.Context(), 7)
		require.NoError(t, err)
	}
	require.Equal(t, []string{`{"jsonrpc":"2.0","method":"do","params":[7]}`}, got[:1])
	_, err := client(t, 503, "").S.Do(t.Context(), 7)
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	_, err = client(t, 200, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"m"},"id":null}`).S.Do(t.Context(), 7)
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), "an error is not lost if there is one")

	ran := 0
	c := &described[service]{describe: describe}
	h := handle(service{func(_ context.Context, n int) (endpoint.Empty, error) {
		ran += n
		return endpoint.Empty{}, endpoint.Errorf(endpoint.Aborted, "lost")
	}}, describe)
	require.NoError(t, jsonrpcx.Client(httpx.To(serving(t, h)), c))
	_, err = c.S.Do(t.Context(), 7)
	require.NoError(t, err, "that of the method is")
	require.Equal(t, 7, ran)
	require.Contains(t, ask(t, h, call(`[7]`)), `"lost"`, "a server answers a call of the method")
}

// TestPool calls the servers of a pool, whose addresses have no path.
func TestPool(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/api/rpc", one(echo[int]))
	url := serving(t, mux)
	pool := discover.New(httpx.Dialer())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx, discover.Static(strings.TrimPrefix(url, "http://"))) }()
	c := &described[single[int, int]]{describe: func(s *single[int, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do) }}
	require.NoError(t, jsonrpcx.Client(pool, c, jsonrpcx.Path("/api/rpc")))
	n, err := c.S.Do(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, 7, n)
	stop()
	<-ended
}
