package httpx_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// secret is what no answer may have in it.
const secret = "s3cr3t"

// TestErrorTextStays has errors whose text is for logs: the caller gets none of
// it, the hook all.
func TestErrorTextStays(t *testing.T) {
	t.Parallel()
	inner := errors.New("connect to db-7.internal as root: " + secret)
	for name, tt := range map[string]struct {
		err    error
		detail string
	}{
		"no code":             {inner, "internal error"},
		"wrapped":             {fmt.Errorf("load %s: %w", secret, inner), "internal error"},
		"of a library":        {&os.PathError{Op: "open", Path: "/" + secret, Err: os.ErrNotExist}, "internal error"},
		"of another one":      {sql.ErrNoRows, "internal error"},
		"a cause":             {endpoint.Errorf(endpoint.NotFound, "load user: %w", inner), "load user"},
		"a cause alone":       {endpoint.Errorf(endpoint.NotFound, "%w", inner), "not found"},
		"a cause of With":     {errOne.With("no shop: %w", inner), "no shop"},
		"a cause of Define":   {errOne.WithCause(inner), "gone"},
		"around a coded one":  {fmt.Errorf("%s: %w", secret, errOne), "gone"},
		"joined":              {errors.Join(inner, errOne), "gone"},
		"a wrong format":      {endpoint.Errorf(endpoint.NotFound, "load %d", secret), "not found"},
		"a code in a code":    {endpoint.Errorf(endpoint.Aborted, "again: %w", errOne.With("%s", secret)), "again"},
		"the end of the time": {fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hooked error
			h := mounted(t, failing(tt.err), httpx.ErrorHook(func(_ context.Context, err error) { hooked = err }))
			a := ask(t, h, "POST", "/", "")
			require.NotContains(t, a.body, secret)
			require.NotContains(t, a.body, "internal as root")
			require.Equal(t, tt.detail, a.problem(t).Detail)
			require.Equal(t, tt.err, hooked)
		})
	}
}

// secrets is a request with a value of each kind in each place.
type secrets struct {
	ID     int8          `path:"id"`
	Limit  uint16        `query:"limit"`
	Flags  []bool        `query:"flag"`
	Wait   time.Duration `query:"wait"`
	Pair   [2]int        `query:"pair"`
	Since  time.Time     `header:"X-Since"`
	Blob   []byte        `header:"X-Blob"`
	Visits float32       `cookie:"visits"`
	Own    ownText       `query:"own"`

	Qty  int            `json:"qty" required:"true"`
	Tags map[string]int `json:"tags"`
	At   time.Time      `json:"at"`
	In   struct {
		Text ownText `json:"text"`
		N    []int8  `json:"n"`
	} `json:"in"`
}

// ownText reads itself, and says in its error what it read.
type ownText struct{ s string }

func (o ownText) MarshalText() ([]byte, error) { return []byte(o.s), nil }
func (o *ownText) UnmarshalText(b []byte) error {
	if o.s = string(b); o.s != "" && o.s != "fine" {
		return fmt.Errorf("httpx_test.ownText: %s", b)
	}
	return nil
}

// TestNothingEchoed has requests that are wrong in every place: the answer
// names the places and repeats nothing of what was sent, nor a Go type.
func TestNothingEchoed(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, echo[secrets]("POST", "/x/{id}")))
		for name, tt := range map[string]struct {
			target, body string
			header       []string
			want         []string
		}{
			"everywhere": {
				"/x/" + secret + "?limit=" + secret + "&flag=true&flag=" + secret + "&wait=" + secret + "&pair=1&pair=" + secret + "&own=" + secret,
				`{"qty":"` + secret + `","tags":{"a":"` + secret + `"},"at":"` + secret + `","in":{"text":"` + secret + `","n":[1,"` + secret + `",300]}}`,
				[]string{"X-Since", secret, "X-Blob", secret + "!", "Cookie", "visits=" + secret},
				[]string{
					"path:id: must be an integer", "query:limit: must be an integer", "query:flag: must be true or false",
					"query:wait: must be a duration such as 1.5s", "query:pair: must be an integer", "query:own: not valid",
					"header:X-Since: must be a time as in RFC 3339", "header:X-Blob: must be base64", "cookie:visits: must be a number",
					"/qty: must be a number", "/tags/a: must be a number", "/at: must be a time as in RFC 3339",
					"/in/text: not valid", "/in/n/1: must be a number", "/in/n/2: out of range",
				},
			},
			"no JSON":           {"/x/1", secret, nil, []string{": not valid JSON at byte 0"}},
			"after the JSON":    {"/x/1", `{"qty":1} ` + secret, nil, []string{": not valid JSON at byte 10"}},
			"an unknown member": {"/x/1", `{"qty":1,"nope":"` + secret + `"}`, nil, []string{"/nope: unknown member"}},
			"another kind":      {"/x/1", `["` + secret + `"]`, nil, []string{": must be an object"}},
			"an escape":         {"/x/1?limit=%" + secret, `{"qty":1}`, nil, []string{"query:limit: not valid percent-encoding"}},
			"a semicolon":       {"/x/1?limit=1;" + secret, `{"qty":1}`, nil, []string{"query:: has a semicolon; pairs are separated by &"}},
		} {
			a := ask(t, r, "POST", tt.target, tt.body, tt.header...)
			require.Equal(t, 400, a.status, name)
			require.ElementsMatch(t, tt.want, a.faults(t), name)
			for _, text := range []string{secret, "httpx_test", "ownText", "secrets", "int8", "Go "} {
				require.NotContains(t, a.body, text, name)
			}
		}
		for name, header := range map[string][]string{
			"a type":   {"Content-Type", "text/" + secret},
			"a coding": {"Content-Encoding", secret},
			"a time":   {"Connect-Timeout-Ms", secret},
			"a range":  {"Accept", "text/" + secret},
		} {
			a := ask(t, r, "POST", "/x/1", `{"qty":1}`, header...)
			require.GreaterOrEqual(t, a.status, 400, name)
			require.NotContains(t, a.body, secret, name)
		}
	})
}

// TestUnwritableResponse has a response that has no form: a clean 500.
func TestUnwritableResponse(t *testing.T) {
	t.Parallel()
	svc := route("GET", "/", func(context.Context, endpoint.Empty) (map[string]any, error) {
		return map[string]any{"a": secret, "b": make(chan int)}, nil
	})
	var hooked error
	a := ask(t, mounted(t, svc, httpx.ErrorHook(func(_ context.Context, err error) { hooked = err })), "GET", "/", "")
	require.Equal(t, 500, a.status)
	require.Equal(t, "cannot write the response", a.problem(t).Detail)
	require.NotContains(t, a.body, secret)
	require.ErrorContains(t, hooked, "chan int")

	for name, value := range map[string]any{
		"not a number": math.NaN(), "an infinity": math.Inf(-1), "no UTF-8": secret + "\xff", "no UTF-8 in a name": map[string]int{"\xff": 1},
		"a panic in a method": panicking{}, "an error of a method": failingJSON{},
	} {
		svc := route("GET", "/", func(context.Context, endpoint.Empty) (map[string]any, error) {
			return map[string]any{"a": secret, "b": value}, nil
		})
		a := ask(t, mounted(t, svc), "GET", "/", "")
		require.Equal(t, 500, a.status, name)
		require.Equal(t, "INTERNAL", a.problem(t).Code, name)
		require.NotContains(t, a.body, secret, name)
	}

	type cookied struct {
		C string `cookie:"c"`
		H string `header:"X-H"`
		N int    `status:"true"`
	}
	for name, resp := range map[string]cookied{
		"a cookie": {C: secret + ";x"}, "a header": {H: secret + "\r\nX-Y: z"}, "a status": {N: 99}, "another status": {N: 404},
	} {
		svc := route("GET", "/", func(context.Context, endpoint.Empty) (cookied, error) { return resp, nil })
		a := ask(t, mounted(t, svc), "GET", "/", "")
		require.Equal(t, 500, a.status, name)
		require.NotContains(t, a.body, secret, name)
		require.Empty(t, a.header.Get("Set-Cookie"), name)
		require.Empty(t, a.header.Get("X-Y"), name)
	}
}

type (
	panicking   struct{}
	failingJSON struct{}
)

func (panicking) MarshalText() ([]byte, error)   { panic(secret) }
func (failingJSON) MarshalJSON() ([]byte, error) { return nil, errors.New(secret) }

// TestClientErrorHidesURL has calls that fail on the way: the error, which goes
// to logs, has nothing of the query, the path, the password.
func TestClientErrorHidesURL(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"refused": closedURL, "broken": breaking(t), "a redirect for ever": listen(t, http.RedirectHandler("?v="+secret, http.StatusTemporaryRedirect)),
		"a foreign answer": listen(t, http.NotFoundHandler()), "a success of another kind": listen(t, answering(200, "<html>")),
	} {
		c := route[struct {
			Path  string `path:"p"`
			Query string `query:"v"`
			Head  string `header:"X-V"`
		}, Text]("GET", "/{p}", nil)
		dial(t, strings.Replace(url, "http://", "http://ada:"+secret+"@", 1), c)
		_, err := c.Do(t.Context(), struct {
			Path  string `path:"p"`
			Query string `query:"v"`
			Head  string `header:"X-V"`
		}{secret, secret, secret})
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), secret, name)
	}
}
