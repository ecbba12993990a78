package httpx_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// tagged is a response with something in each place.
type tagged struct {
	ETag   string   `header:"ETag"`
	Links  []string `header:"Link"`
	Age    *int     `header:"Age"`
	Own    string   `cookie:"own"`
	Status int      `status:"true"`
	Name   string   `json:"name"`
}

// TestReply has headers, cookies and the status of a response go out, and come
// back at the client.
func TestReply(t *testing.T) {
	t.Parallel()
	returns(t,
		tagged{`"1"`, []string{"<a>", "<b>, <c>"}, new(0), "o w,n", 201, "n"},
		tagged{Status: 299},
		tagged{ETag: `W/"ü"`, Own: "x=y", Status: 200},
	)
	full := tagged{`"1"`, []string{"<a>", "<b>"}, new(7), "o w", 202, "n"}
	a := ask(t, mounted(t, route("GET", "/", func(context.Context, endpoint.Empty) (tagged, error) { return full, nil })), "GET", "/", "")
	require.Equal(t, 202, a.status)
	require.Equal(t, []string{"<a>", "<b>"}, a.header.Values("Link"))
	require.Equal(t, []string{"7"}, a.header.Values("Age"))
	require.Equal(t, []string{`own="o w"; Path=/; HttpOnly; SameSite=Lax`}, a.header.Values("Set-Cookie"))
	require.JSONEq(t, `{"name":"n"}`, a.body)

	a = ask(t, mounted(t, route("GET", "/", none[endpoint.Empty, tagged])), "GET", "/", "")
	require.Equal(t, 200, a.status, "a status of 0 is none")
	for _, k := range []string{"Etag", "Link", "Age", "Set-Cookie"} {
		require.Empty(t, a.header.Values(k), "an absent %s is not sent", k)
	}
}

// TestReplyOfForeigner has headers that the response's type has no form for.
func TestReplyOfForeigner(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][]string{
		"no number":   {"Age", "x"},
		"two numbers": {"Age", "1", "Age", "2"},
	} {
		c := route[endpoint.Empty, tagged]("GET", "/", nil)
		dial(t, listen(t, answering(200, "{}", header...)), c)
		got, err := c.Do(t.Context(), endpoint.Empty{})
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), name)
		require.ErrorContains(t, err, "header:Age", name)
		require.Zero(t, got)
	}
}

// TestSuccessStatus has the status of a success, by the route and by the
// response.
func TestSuccessStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 202, 203, 204, 205, 206, 299, 304} {
		for _, bare := range []bool{true, false} {
			var url string
			bodiless := status == 204 || status == 205 || status == 304
			switch {
			case bare && bodiless:
				svc := route("GET", "/", none[endpoint.Empty, endpoint.Empty], httpx.Status(status))
				url = listen(t, mounted(t, svc))
			case bare:
				url = listen(t, mounted(t, route("GET", "/", func(context.Context, endpoint.Empty) (Text, error) { return Text{"x"}, nil }, httpx.Status(status))))
			default:
				url = listen(t, mounted(t, route("GET", "/", func(context.Context, endpoint.Empty) (tagged, error) { return tagged{Status: status, Name: "x"}, nil }, httpx.Status(203))))
			}
			a := fetch(t, "GET", url, "")
			require.Equal(t, status, a.status)
			if bodiless {
				require.Empty(t, a.body, status)
				require.Empty(t, a.header.Values("Content-Type"), status)
			} else {
				require.NotEmpty(t, a.body, status)
				require.Equal(t, []string{"application/json"}, a.header.Values("Content-Type"), status)
			}
			if bare && bodiless {
				c := route[endpoint.Empty, endpoint.Empty]("GET", "/", nil, httpx.Status(status))
				dial(t, url, c)
				_, err := c.Do(t.Context(), endpoint.Empty{})
				require.NoError(t, err, status)
				continue
			}
			if bare {
				c := route[endpoint.Empty, Text]("GET", "/", nil, httpx.Status(status))
				dial(t, url, c)
				got, err := c.Do(t.Context(), endpoint.Empty{})
				require.NoError(t, err, status)
				require.Equal(t, Text{"x"}, got, status)
				continue
			}
			c := route[endpoint.Empty, tagged]("GET", "/", nil)
			dial(t, url, c)
			got, err := c.Do(t.Context(), endpoint.Empty{})
			require.NoError(t, err, status)
			require.Equal(t, status, got.Status)
		}
	}
}

// TestStatusWithoutBody has responses with a body, declared with a status that has
// none: what the handler returns would be lost. A response that chooses its status may
// have both.
func TestStatusWithoutBody(t *testing.T) {
	t.Parallel()
	type (
		several struct {
			A, B string
			Etag string `header:"ETag"`
			C    int
		}
		wholly struct {
			Etag string `header:"ETag"`
			Body Text   `body:"true"`
		}
		bare struct {
			Etag string `header:"ETag"`
			X    string `json:"-"`
		}
	)
	for _, status := range []int{204, 205, 304} {
		s := httpx.Status(status)
		text := "httpx: one.Do: option Status: " + strconv.Itoa(status) + " has no body, and the response has one: "
		for want, svc := range map[string]httpx.Service{
			"field S":           route("PUT", "/", none[endpoint.Empty, Text], s),
			"fields A, B and C": route("PUT", "/", none[endpoint.Empty, several], s),
			"field Body":        route("PUT", "/", none[endpoint.Empty, wholly], s),
			"[]uint8":           route("PUT", "/", none[endpoint.Empty, []byte], s),
			"*httpx_test.Text":  route("PUT", "/", none[endpoint.Empty, *Text], s),
			"string":            route("PUT", "/", none[endpoint.Empty, string], s),
		} {
			refused(t, svc, []string{text + want})
		}
		stream := &downward{status: status, Down: none[endpoint.Empty, endpoint.Stream[Text]]}
		refused(t, stream, []string{"httpx: downward.Down: option Status: " + strconv.Itoa(status) + " has no body, and a response stream is one"})
		require.PanicsWithValue(t, "httpx: Handler[struct {}, string]: option Status: "+strconv.Itoa(status)+" has no body, and the response has one: string", func() {
			httpx.Handler(none[struct{}, string], s)
		})
		for _, svc := range []httpx.Service{
			route("PUT", "/", none[endpoint.Empty, bare], s),
			route("PUT", "/", none[endpoint.Empty, tagged], s),
			route("PUT", "/", none[endpoint.Empty, endpoint.Empty], s),
		} {
			require.NoError(t, httpx.Mount(http.NewServeMux(), svc))
		}
	}
	for _, status := range []int{100, 101, 103, 199} {
		refused(t, route("PUT", "/", none[endpoint.Empty, endpoint.Empty], httpx.Status(status)), []string{"is no status of a success"})
	}
}

// downward is a service whose response is a stream.
type downward struct {
	Down   endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Text]]
	status int
}

func (s *downward) HTTP(r *httpx.Routes) { r.ServerStream("GET", "/", &s.Down, httpx.Status(s.status)) }

// TestNotModified is a success only for a route that says so: for others the
// client has nothing to give.
func TestNotModified(t *testing.T) {
	t.Parallel()
	c := route[endpoint.Empty, Text]("GET", "/", nil)
	dial(t, listen(t, answering(304, "")), c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.Equal(t, endpoint.Unknown, endpoint.CodeOf(err))
}

// TestHEAD has HEAD answer as GET does, without the body.
func TestHEAD(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		type request struct {
			N    int  `query:"n"`
			Fail bool `query:"fail"`
		}
		svc := route("GET", "/", func(_ context.Context, in request) (tagged, error) {
			if in.Fail {
				return tagged{}, errOne.WithMeta("k", strings.Repeat("x", in.N))
			}
			return tagged{`"1"`, []string{"<a>"}, new(1), "o", 203, strings.Repeat("x", in.N)}, nil
		})
		require.NoError(t, httpx.Mount(r, svc))
		url := listen(t, r)
		for _, query := range []string{"/?n=0", "/?n=2000", "/?n=2037", "/?n=2038", "/?n=100000", "/?fail=1", "/?n=5000&fail=1", "/?n=x"} {
			get, head := fetch(t, "GET", url+query, ""), fetch(t, "HEAD", url+query, "")
			require.Equal(t, get.status, head.status, query)
			require.Empty(t, head.body, query)
			require.NotEmpty(t, get.header.Get("Content-Length"))
			get.header.Del("Date")
			head.header.Del("Date")
			require.Equal(t, get.header, head.header, query)
		}
	})
}

// TestConcurrentCalls has many calls at once share what is pooled, and no more.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		c := pair(t, r, route("POST", "/{id}", func(_ context.Context, in NewProfile) (tagged, error) {
			if strings.HasPrefix(in.ID, "no") {
				return tagged{}, errOne.With("%s", in.ID)
			}
			return tagged{ETag: in.ID, Status: 200, Name: in.Name}, nil
		}, httpx.MaxBody(1<<20)))
		done := make(chan error, 8)
		for worker := range cap(done) {
			go func() {
				var err error
				for i := 0; i < 50 && err == nil; i++ {
					id := strings.Repeat("x", worker+1) + strings.Repeat("y", i+1)
					name := strings.Repeat(id, (i%7)*200)
					var got tagged
					if got, err = c.Do(t.Context(), NewProfile{id, name}); err == nil && (got.ETag != id || got.Name != name) {
						err = endpoint.Errorf(endpoint.DataLoss, "%s got the answer of %s", id, got.ETag)
					}
					if _, e := c.Do(t.Context(), NewProfile{"no" + id, ""}); endpoint.ErrorOf(e).Message() != "no"+id {
						err = e
					}
				}
				done <- err
			}()
		}
		for range cap(done) {
			require.NoError(t, <-done)
		}
	})
}

// TestAnswerAfterClientLeft has an answer that nobody reads: an event of the
// hook, and no panic.
func TestAnswerAfterClientLeft(t *testing.T) {
	t.Parallel()
	var hooked error
	h := mounted(t, echo[Text]("POST", "/"), httpx.ErrorHook(func(_ context.Context, err error) { hooked = err }))
	r, err := http.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(`{"s":"x"}`))
	require.NoError(t, err)
	h.ServeHTTP(brokenWriter{http.Header{}}, r)
	require.ErrorContains(t, hooked, "the answer was not written: the client left")
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(hooked))
}

// brokenWriter is a response writer whose client has left.
type brokenWriter struct{ header http.Header }

func (w brokenWriter) Header() http.Header { return w.header }
func (w brokenWriter) WriteHeader(int)     {}
func (w brokenWriter) Write([]byte) (int, error) {
	return 0, endpoint.Errorf(endpoint.Unknown, "the client left")
}
