package httpx_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// answering returns a server that answers all the same. Headers are keys and
// values in turn.
func answering(status int, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// TestForeignErrors has answers of servers that are not ours: each becomes a
// typed error, whatever it is.
func TestForeignErrors(t *testing.T) {
	t.Parallel()
	const problem = "application/problem+json"
	for name, tt := range map[string]struct {
		status  int
		body    string
		header  []string
		code    endpoint.Code
		message string
		text    string // in the whole text, for logs
	}{
		"text":                   {404, "no such thing", []string{"Content-Type", "text/plain"}, endpoint.NotFound, "not found", `HTTP status 404, "text/plain": "no such thing"`},
		"HTML":                   {502, "<html>\n<h1>Bad Gateway</h1>", []string{"Content-Type", "text/html"}, endpoint.Unavailable, "bad gateway", `"<html>\n<h1>Bad Gateway</h1>"`},
		"nothing":                {503, "", nil, endpoint.Unavailable, "service unavailable", "HTTP status 503"},
		"a wrong JSON":           {400, `{"code":`, []string{"Content-Type", problem}, endpoint.InvalidArgument, "bad request", `{\"code\":`},
		"a JSON array":           {409, `[{"code":"NOT_FOUND"}]`, []string{"Content-Type", problem}, endpoint.Aborted, "conflict", "NOT_FOUND"},
		"a JSON string":          {401, `"no"`, []string{"Content-Type", problem}, endpoint.Unauthenticated, "unauthorized", "no"},
		"null":                   {403, `null`, []string{"Content-Type", problem}, endpoint.PermissionDenied, "forbidden", "null"},
		"an empty object":        {500, `{}`, []string{"Content-Type", problem}, endpoint.Internal, "internal server error", ""},
		"JSON of another form":   {422, `{"message":"no","code":7}`, []string{"Content-Type", "application/json"}, endpoint.InvalidArgument, "unprocessable entity", "no"},
		"JSON of no type":        {404, `{"detail":"no shop"}`, []string{"Content-Type", "application/json"}, endpoint.NotFound, "not found", "no shop"},
		"a problem without code": {404, `{"title":"Gone","detail":"no shop","status":404}`, []string{"Content-Type", problem + "; charset=utf-8"}, endpoint.NotFound, "no shop", ""},
		"a problem with a title": {404, `{"title":"Gone"}`, []string{"Content-Type", problem}, endpoint.NotFound, "Gone", ""},
		"a member of other kind": {404, `{"detail":"x","status":"404"}`, []string{"Content-Type", problem}, endpoint.NotFound, "not found", "404"},
		"binary":                 {500, "\x00\xff\xfe", []string{"Content-Type", "application/octet-stream"}, endpoint.Internal, "internal server error", `\x00\xff\xfe`},
		"too much":               {500, strings.Repeat("x", 10<<20), []string{"Content-Type", "text/plain"}, endpoint.Internal, "internal server error", ""},
		"too much in JSON":       {404, `{"code":"NOT_FOUND","detail":"` + strings.Repeat("x", 10<<20), []string{"Content-Type", problem}, endpoint.NotFound, "not found", ""},
		"a redirect":             {302, "", []string{"Location", "/x"}, endpoint.Unknown, "found", ""},
		"a status of no name":    {599, "", nil, endpoint.Internal, "", ""},
		"another one":            {418, "", nil, endpoint.InvalidArgument, "i'm a teapot", ""},
		"not modified":           {304, "", nil, endpoint.Unknown, "not modified", ""},
		"a wait in seconds":      {429, "", []string{"Retry-After", "3"}, endpoint.ResourceExhausted, "too many requests", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := failing(nil)
			dial(t, listen(t, answering(tt.status, tt.body, tt.header...)), c)
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.Error(t, err)
			e := endpoint.ErrorOf(err)
			require.True(t, e.Remote())
			require.Equal(t, tt.code, e.Code())
			if tt.message != "" {
				require.Equal(t, tt.message, e.Message())
			}
			require.Empty(t, e.Domain())
			require.ErrorContains(t, err, tt.text)
			require.Less(t, len(err.Error()), 1000, "a log line stays short")
			if name == "a wait in seconds" {
				require.Equal(t, 3*time.Second, e.RetryAfter())
			}
		})
	}
}

// TestRetryAfterHeader has the header in both of its forms, and in none.
func TestRetryAfterHeader(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][2]time.Duration{
		"7": {7 * time.Second, 7 * time.Second},
		time.Now().Add(time.Hour).UTC().Format(http.TimeFormat): {59 * time.Minute, time.Hour},
		"Mon, 02 Jan 2006 15:04:05 GMT":                         {0, 0},
		"soon":                                                  {0, 0},
		"-1":                                                    {0, 0},
		"99999999999999":                                        {math.MaxInt32 * time.Second, math.MaxInt32 * time.Second},
		"":                                                      {0, 0},
	} {
		c := failing(nil)
		dial(t, listen(t, answering(503, "", "Retry-After", value)), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		got := endpoint.ErrorOf(err).RetryAfter()
		require.GreaterOrEqual(t, got, want[0], value)
		require.LessOrEqual(t, got, want[1], value)
	}
}

// TestProblemOfNewerPeer has a problem with what this version does not know.
func TestProblemOfNewerPeer(t *testing.T) {
	t.Parallel()
	const body = `{"type":"https://example.com/quota","title":"Quota","status":404,"detail":"used up","instance":"/calls/7",
		"code":"BRAND_NEW","domain":"Shop!","reason":"no reason","errors":[{"pointer":"/a","detail":"b","hint":"c"}],
		"retryAfter":"soon","help":[{"url":"u","icon":"i"}],"meta":{"k":"v"},"balance":30,"accounts":["/a/1"]}`
	c := failing(nil)
	dial(t, listen(t, answering(403, body, "Content-Type", "application/problem+json", "Retry-After", "2")), c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	e := endpoint.ErrorOf(err)
	require.Equal(t, endpoint.Unknown, e.Code())
	require.Equal(t, "used up", e.Message())
	require.Equal(t, "Shop!", e.Domain())
	require.Equal(t, "no reason", e.Reason())
	require.Equal(t, []endpoint.Violation{{Pointer: "/a", Detail: "b"}}, e.Violations())
	require.Equal(t, []endpoint.Link{{URL: "u"}}, e.Help())
	require.Equal(t, 2*time.Second, e.RetryAfter(), "the header, where the member cannot be read")
	p := causeOf(err)
	require.NotNil(t, p)
	require.JSONEq(t, `{"balance":30,"accounts":["/a/1"]}`, string(p.Extensions))
	require.Equal(t, "/calls/7", p.Instance)
	require.Equal(t, "https://example.com/quota", p.Type)
	require.Equal(t, 403, p.Status, "that of the answer")
}

// TestProblemOfForeigner has the extensions of a problem that has no code.
func TestProblemOfForeigner(t *testing.T) {
	t.Parallel()
	c := failing(nil)
	dial(t, listen(t, answering(409, `{"title":"Conflict","detail":"taken","by":"ada"}`, "Content-Type", "application/problem+json")), c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.Equal(t, endpoint.Aborted, endpoint.CodeOf(err))
	require.NotNil(t, causeOf(err))
	require.JSONEq(t, `{"by":"ada"}`, string(causeOf(err).Extensions))
}

// TestCodesOfPeers has codes as other writers spell them.
func TestCodesOfPeers(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]endpoint.Code{
		`{"code":"CANCELLED"}`: endpoint.Canceled,
		`{"code":"CANCELED"}`:  endpoint.Canceled,
		`{"code":"OK"}`:        endpoint.Unknown,
		`{"code":"not_found"}`: endpoint.Unknown,
		`{"code":"NOT_FOUND"}`: endpoint.NotFound,
		`{"code":null}`:        endpoint.Internal,
		`{"code":5}`:           endpoint.Internal,
	} {
		c := failing(nil)
		dial(t, listen(t, answering(500, body, "Content-Type", "application/json")), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Equal(t, want, endpoint.CodeOf(err), body)
	}
}

// TestForeignSuccess has successes that are not what the route answers.
func TestForeignSuccess(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string // in the text; "" for no error
	}{
		"another 2xx":       {202, `{"s":"x"}`, ""},
		"a newer server":    {200, `{"s":"x","more":1}`, ""},
		"HTML":              {200, "<html>", "not valid JSON at byte 0"},
		"nothing":           {200, "", "empty; a JSON value is expected"},
		"null":              {200, "null", "must not be null"},
		"another kind":      {200, `{"s":1}`, "/s must be a string"},
		"of another status": {203, "x", "HTTP status 203"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := route[endpoint.Empty, Text]("GET", "/", nil)
			dial(t, listen(t, answering(tt.status, tt.body)), c)
			got, err := c.Do(t.Context(), endpoint.Empty{})
			if tt.want == "" {
				require.NoError(t, err)
				require.Equal(t, Text{"x"}, got)
				return
			}
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), "it is the server that is wrong")
			require.ErrorContains(t, err, tt.want)
			require.Zero(t, got)
			require.NotErrorIs(t, err, httpx.ErrInvalidRequest)
			require.NotContains(t, err.Error(), "request")
			require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
		})
	}
}

// headerOnly is a response whose body says nothing.
type headerOnly struct {
	Status int    `status:"true"`
	Tag    string `header:"X-Tag"`
}

// TestNothingToRead: a client whose response has no members takes any success, whatever
// its body, and uses the connection again.
func TestNothingToRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		header []string
	}{
		"nothing":      {200, "", nil},
		"an object":    {200, `{"more":1}`, nil},
		"null":         {200, "null", []string{"Content-Type", "application/json"}},
		"an array":     {201, "[1]", []string{"Content-Type", "application/json"}},
		"a text":       {202, "OK", []string{"Content-Type", "text/plain"}},
		"HTML":         {299, "<html>", []string{"Content-Type", "text/html"}},
		"binary":       {200, "\x00\xff", []string{"Content-Type", "image/png"}},
		"no type":      {200, "x", []string{"Content-Type", ""}},
		"no content":   {204, "", nil},
		"a large body": {200, strings.Repeat("x", 1<<20), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peers := map[string]bool{}
			answer := answering(tt.status, tt.body, append(tt.header, "X-Tag", "v1")...)
			url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				peers[r.RemoteAddr] = true
				answer.ServeHTTP(w, r)
			}))
			empty, some := failing(nil), route[endpoint.Empty, headerOnly]("POST", "/", nil)
			conn := httpx.To(url)
			t.Cleanup(func() { conn.Close() })
			require.NoError(t, httpx.Client(conn, empty))
			require.NoError(t, httpx.Client(conn, some))
			for range 3 {
				_, err := empty.Do(t.Context(), endpoint.Empty{})
				require.NoError(t, err)
				got, err := some.Do(t.Context(), endpoint.Empty{})
				require.NoError(t, err)
				require.Equal(t, headerOnly{tt.status, "v1"}, got)
			}
			require.Len(t, peers, 1, "connections")
		})
	}
	c := failing(nil)
	conn := httpx.To(listen(t, answering(200, strings.Repeat("x", 101))), httpx.MaxResponse(100))
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, httpx.Client(conn, c))
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err), "beyond the bound")
}

// TestForeignItem has a stream whose item cannot be read: the text speaks of an item.
func TestForeignItem(t *testing.T) {
	t.Parallel()
	url := listen(t, answering(200, "data: {\"s\":1}\n\n", "Content-Type", "text/event-stream"))
	var c oneStream[endpoint.Empty, Text]
	dial(t, url, &c)
	items, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	_, err = items.Collect()
	require.EqualError(t, err, "an item cannot be read: /s must be a string")
	require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
	require.NotErrorIs(t, err, httpx.ErrInvalidRequest)
}

// TestRelayedFailure: what a gateway's caller reads of a failure further in does not
// speak of a server or a connection, as if it were about the gateway.
func TestRelayedFailure(t *testing.T) {
	t.Parallel()
	hangUp := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for name, tt := range map[string]struct {
		url    string
		status int
		detail string
		text   string
	}{
		"nobody is there": {closedURL, 503, "temporarily unavailable", "the server cannot be reached: "},
		"it hangs up":     {listen(t, hangUp), 503, "temporarily unavailable", "the connection broke: "},
		"no JSON":         {listen(t, answering(200, "<html>")), 500, "internal error", "the response cannot be read: "},
		"too large":       {listen(t, answering(200, strings.Repeat("x", 101))), 429, "resource exhausted", "the response is larger than 100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := httpx.To(tt.url, httpx.MaxResponse(100))
			t.Cleanup(func() { conn.Close() })
			gateway := route[endpoint.Empty, Text]("POST", "/", nil)
			require.NoError(t, httpx.Client(conn, gateway))
			var logged error
			a := ask(t, mounted(t, gateway, httpx.ErrorHook(func(_ context.Context, err error) { logged = err })), "POST", "/", "")
			require.Equal(t, tt.status, a.status)
			require.Equal(t, tt.detail, a.problem(t).Detail)
			if tt.status != 429 { // which no hook gets
				require.ErrorContains(t, logged, tt.text)
			}
		})
	}
}
