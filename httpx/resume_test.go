package httpx_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// resumeFrom is a request with a parameter in a header, beside where to go on.
type resumeFrom struct {
	Last int    `header:"Last-Event-ID"`
	Team string `header:"Team"`
}

type resumed struct {
	Ticks endpoint.Endpoint[resumeFrom, endpoint.Stream[tick]]
}

func (f *resumed) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/ticks", &f.Ticks, httpx.Resume(), httpx.Fails(errBroken))
}

// TestResume runs in a bubble, with a server that drops its connections.
func TestResume(t *testing.T) {
	t.Parallel()
	const n = 50
	calls := 0
	svc := &resumed{Ticks: func(_ context.Context, from resumeFrom) (endpoint.Stream[tick], error) {
		if from.Team != "red" {
			return nil, errBroken
		}
		return func(yield func(tick, error) bool) {
			calls++
			for i := from.Last + 1; i <= n; i++ {
				if !yield(tick{i}, nil) {
					return
				}
				if i%7 == 0 && from.Last < i-1 {
					panic(http.ErrAbortHandler)
				}
			}
		}, nil
	}}
	inBubble(t, mounted(t, svc), func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f := &resumed{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f))
		ctx := endpoint.WithHeader(t.Context(), "X-Other", "1")
		s, err := f.Ticks(ctx, resumeFrom{Team: "red"})
		require.NoError(t, err)
		got, err := s.Collect()
		require.NoError(t, err)
		require.Len(t, got, n)
		for i, v := range got {
			require.Equal(t, i+1, v.N)
		}
		require.Equal(t, 8, calls)
	})
}

// A scripted server answers each request with the next of its answers, the last one
// again and again, and notes when each request came and after which id.
type scripted struct {
	answers []func(w http.ResponseWriter)
	asked   []time.Time
	after   []string
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := "none"
	if values := r.Header.Values("Last-Event-ID"); len(values) > 0 {
		id = strings.Join(values, ", ")
	}
	s.asked, s.after = append(s.asked, time.Now()), append(s.after, id)
	s.answers[min(len(s.asked), len(s.answers))-1](w)
}

// waits returns the time between each two requests.
func (s *scripted) waits() []time.Duration {
	var all []time.Duration
	for i := range len(s.asked) - 1 {
		all = append(all, s.asked[i+1].Sub(s.asked[i]))
	}
	return all
}

// sending answers with events, and then breaks off without an end.
func sending(events string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, events)
		_ = http.NewResponseController(w).Flush() // or net/http asks again by itself
	}
}

// denying answers with a status that is not a success.
func denying(status int, body string, header ...string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if strings.HasPrefix(body, "{") {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// item is the event of the tick n.
func item(n int) string {
	s := strconv.Itoa(n)
	return "id: " + s + "\ndata: {\"n\":" + s + "}\n\n"
}

// failure is the event of an error. More is what is in its problem beside the code.
func failure(code endpoint.Code, more string) string {
	return "event: error\ndata: {\"status\":" + strconv.Itoa(code.HTTPStatus()) + ",\"code\":\"" + code.String() + "\"" + more + "}\n\n"
}

const theEnd = "event: end\ndata: {}\n\n"

var stopping = failure(endpoint.Unavailable, "")

// follow ranges over the stream of a scripted server in a bubble, for at most limit if
// that is not zero.
func follow(t *testing.T, s *scripted, limit time.Duration, opts ...httpx.Option) (got []int, err error) {
	t.Helper()
	inBubble(t, s, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f := &resumed{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f, opts...))
		ctx := t.Context()
		if limit > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, limit)
			defer cancel()
		}
		ticks, openErr := f.Ticks(ctx, resumeFrom{})
		require.NoError(t, openErr)
		for tick, e := range ticks {
			if e != nil {
				err = e
				break
			}
			got = append(got, tick.N)
		}
		synctest.Wait()
	})
	return got, err
}

// TestResumeGoesOn has, in a bubble, what a client goes on after, and how long it
// waits: at least as long as the case says, and at most half as long again.
func TestResumeGoesOn(t *testing.T) {
	t.Parallel()
	type answers = []func(w http.ResponseWriter)
	const ms = time.Millisecond
	lasting := func(w http.ResponseWriter) {
		sending(item(2))(w)
		time.Sleep(time.Hour) // in the bubble
		sending(stopping)(w)
	}
	last, second := sending(item(3)+theEnd), sending(item(2)+stopping)
	tests := map[string]struct {
		answers answers
		waits   []time.Duration
		after   []string
	}{
		"a break":                {answers{sending(item(1) + item(2)), last}, []time.Duration{100 * ms}, []string{"none", "2"}},
		"Unavailable":            {answers{sending(item(1) + item(2) + stopping), last}, []time.Duration{100 * ms}, []string{"none", "2"}},
		"its retryAfter":         {answers{sending(item(1) + item(2) + failure(endpoint.Unavailable, `,"retryAfter":"3s"`)), last}, []time.Duration{3 * time.Second}, []string{"none", "2"}},
		"a shorter retryAfter":   {answers{sending(item(1) + item(2) + failure(endpoint.Unavailable, `,"retryAfter":"0.001s"`)), last}, []time.Duration{100 * ms}, []string{"none", "2"}},
		"the longest retryAfter": {answers{sending(item(1) + item(2) + failure(endpoint.Unavailable, `,"retryAfter":"60s"`)), last}, []time.Duration{time.Minute}, []string{"none", "2"}},
		"a declared Unavailable": {answers{sending(item(1) + item(2) + failure(endpoint.Unavailable, `,"domain":"feed","reason":"STOPPING"`)), last}, []time.Duration{100 * ms}, []string{"none", "2"}},
		"an answer of 503 then":  {answers{sending(item(1) + stopping), denying(503, `{"status":503,"code":"UNAVAILABLE"}`), sending(item(2)), last}, []time.Duration{100 * ms, 200 * ms, 400 * ms}, []string{"none", "1", "1", "2"}},
		"its Retry-After":        {answers{sending(item(1) + item(2) + stopping), denying(503, "", "Retry-After", "4"), last}, []time.Duration{100 * ms, 4 * time.Second}, []string{"none", "2", "2"}},
		"a 502 of a proxy":       {answers{sending(item(1) + item(2)), denying(502, "<html>"), last}, []time.Duration{100 * ms, 200 * ms}, []string{"none", "2", "2"}},
		"retry":                  {answers{sending("retry: 2000\n" + item(1)), second, last}, []time.Duration{2 * time.Second, 2 * time.Second}, []string{"none", "1", "2"}},
		"retry of an error":      {answers{sending(item(1) + "retry: 2000\n" + stopping), second, last}, []time.Duration{2 * time.Second, 200 * ms}, []string{"none", "1", "2"}},
		"retry before an error":  {answers{sending(item(1) + "retry: 2000\n\n" + stopping), second, last}, []time.Duration{2 * time.Second, 2 * time.Second}, []string{"none", "1", "2"}},
		"retry, three years":     {answers{sending("retry: 99999999999\n" + item(1) + item(2)), last}, []time.Duration{time.Minute}, []string{"none", "2"}},
		"retry, in words":        {answers{sending("retry: soon\n" + item(1) + item(2)), last}, []time.Duration{100 * ms}, []string{"none", "2"}},
		"an id alone":            {answers{sending(item(1) + item(2) + "id: 7\n\n"), last}, []time.Duration{100 * ms}, []string{"none", "7"}},
		"an empty id":            {answers{sending(item(1) + item(2) + "id\n\n"), last}, []time.Duration{100 * ms}, []string{"none", "none"}},
		"an id before an item":   {answers{sending("id: 7\n\n" + stopping), sending(item(1) + item(2)), last}, []time.Duration{100 * ms, 200 * ms}, []string{"none", "7", "2"}},
		"an id with a NUL":       {answers{sending(item(1) + item(2) + "id: \x00\n\n"), last}, []time.Duration{100 * ms}, []string{"none", "2"}},
		"an item each time":      {answers{sending(item(1) + stopping), second, sending(stopping), last}, []time.Duration{100 * ms, 200 * ms, 400 * ms}, []string{"none", "1", "2", "2"}},
		"one that lasted":        {answers{sending(item(1) + stopping), lasting, last}, []time.Duration{100 * ms, time.Hour + 100*ms}, []string{"none", "1", "2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{answers: tt.answers}
			layer := newPermits()
			got, err := follow(t, s, 0, httpx.Use(layer))
			require.NoError(t, err)
			require.Equal(t, []int{1, 2, 3}, got)
			require.Equal(t, tt.after, s.after)
			waits := s.waits()
			require.Len(t, waits, len(tt.waits))
			for i, wait := range waits {
				require.GreaterOrEqual(t, wait, tt.waits[i], "%d of %v", i, waits)
				require.LessOrEqual(t, wait%time.Hour, (tt.waits[i]%time.Hour)*3/2, "%d of %v", i, waits)
			}
			require.NoError(t, layer.drained(t, 1)[0], "layers see one call")
		})
	}
}

// TestResumeDoesNotGoOn has what ends a stream, after its first item and at once.
func TestResumeDoesNotGoOn(t *testing.T) {
	t.Parallel()
	type answers = []func(w http.ResponseWriter)
	year := 365 * 24 * time.Hour
	tests := map[string]struct {
		answers answers
		code    endpoint.Code
		calls   int
	}{
		"the end":                        {answers{sending(item(1) + theEnd)}, endpoint.OK, 1},
		"Unavailable with a year":        {answers{sending(item(1) + failure(endpoint.Unavailable, `,"retryAfter":"31536000s"`))}, endpoint.Unavailable, 1},
		"a Retry-After of a year":        {answers{sending(item(1)), denying(503, "", "Retry-After", "31536000")}, endpoint.Unavailable, 2},
		"Internal":                       {answers{sending(item(1) + failure(endpoint.Internal, ""))}, endpoint.Internal, 1},
		"Aborted":                        {answers{sending(item(1) + failure(endpoint.Aborted, `,"retryAfter":"1s"`))}, endpoint.Aborted, 1},
		"ResourceExhausted":              {answers{sending(item(1) + failure(endpoint.ResourceExhausted, `,"retryAfter":"1s"`))}, endpoint.ResourceExhausted, 1},
		"DeadlineExceeded":               {answers{sending(item(1) + failure(endpoint.DeadlineExceeded, ""))}, endpoint.DeadlineExceeded, 1},
		"an error that is not a problem": {answers{sending(item(1) + "event: error\ndata: stopping\n\n")}, endpoint.Internal, 1},
		"an item that is not JSON":       {answers{sending(item(1) + "id: 2\ndata: {\n\n")}, endpoint.Internal, 1},
		"an answer of 404":               {answers{sending(item(1)), denying(404, "")}, endpoint.NotFound, 2},
		"an answer of 429":               {answers{sending(item(1)), denying(429, "", "Retry-After", "1")}, endpoint.ResourceExhausted, 2},
		"another type":                   {answers{sending(item(1)), denying(200, "hello")}, endpoint.Internal, 2},
		"an id of a megabyte":            {answers{sending("id: " + strings.Repeat("1", 1<<20) + "\nevent: x\ndata\n\ndata: {\"n\":1}\n\n" + stopping)}, endpoint.Unavailable, 1},
		"an id that no header can hold":  {answers{sending(item(1) + "id: \x01\n\n" + stopping)}, endpoint.Unavailable, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{answers: tt.answers}
			got, err := follow(t, s, 0)
			require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
			require.Equal(t, []int{1}, got)
			require.Len(t, s.asked, tt.calls)
			if strings.Contains(name, "year") {
				require.Equal(t, year, endpoint.ErrorOf(err).RetryAfter(), "its caller may wait")
			}
		})
	}
}

// TestResumeIsDeclared has a route without Resume, whose errors end the stream.
func TestResumeIsDeclared(t *testing.T) {
	t.Parallel()
	s := &scripted{answers: []func(w http.ResponseWriter){sending(item(1) + stopping)}}
	f := &feed{}
	dial(t, listen(t, s), f)
	ticks, err := f.Ticks(t.Context(), from{})
	require.NoError(t, err)
	got, err := ticks.Collect()
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.Equal(t, []tick{{1}}, got)
	require.Len(t, s.asked, 1)
}

// TestResumeAndRetry has a Retry around a stream that is resumed. Each error is for
// one of the two: the Retry has those before the first item.
func TestResumeAndRetry(t *testing.T) {
	t.Parallel()
	retried := 0
	retry := resilience.NewRetry(3, resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
		retried++
	}))
	s := &scripted{answers: []func(w http.ResponseWriter){
		sending(stopping), denying(503, ""), sending(item(1) + stopping), denying(503, ""), sending(item(2) + item(3) + theEnd),
	}}
	got, err := follow(t, s, 0, httpx.Use(retry))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, got)
	require.Equal(t, []string{"none", "none", "none", "1", "1"}, s.after)
	require.Equal(t, 2, retried)

	s = &scripted{answers: []func(w http.ResponseWriter){sending(stopping)}}
	got, err = follow(t, s, 0)
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.Empty(t, got)
	require.Len(t, s.asked, 1, "without an id there is nothing to go on after")
}

// TestResumeWithinADeadline has a wait that is longer than the call's time.
func TestResumeWithinADeadline(t *testing.T) {
	t.Parallel()
	s := &scripted{answers: []func(w http.ResponseWriter){sending(item(1) + failure(endpoint.Unavailable, `,"detail":"closed for lunch","retryAfter":"50s"`))}}
	var start time.Time
	got, err := follow(t, s, time.Second, httpx.Use(&layer{enter: func(ctx context.Context) (context.Context, error) {
		start = time.Now()
		return ctx, nil
	}, exit: func(_ context.Context, err error) error {
		if took := time.Since(start); took != time.Second {
			t.Errorf("the call took %v", took)
		}
		return err
	}}))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "closed for lunch")
	require.NotContains(t, endpoint.ErrorOf(err).Message(), "lunch")
	require.Equal(t, []int{1}, got)
	require.Len(t, s.asked, 1)
}

// dropped breaks off after the header; before it, net/http would ask again by
// itself over another connection.
func dropped(w http.ResponseWriter) {
	sending("")(w)
	panic(http.ErrAbortHandler)
}

// TestResumeEnds holds, in a bubble, when a client gives up: after ten tries
// without an item, at a typed error, and when its time is over.
func TestResumeEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		later func(w http.ResponseWriter) // the answer to each request but the first
		limit time.Duration
		calls int
		code  endpoint.Code
	}{
		"fruitless":     {dropped, 0, 11, endpoint.Unavailable},
		"a typed error": {sending(failure(endpoint.Aborted, "")), 0, 2, endpoint.Aborted},
		"no time":       {dropped, 1100 * time.Millisecond, 4, endpoint.DeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{answers: []func(w http.ResponseWriter){sending(item(1)), tt.later}}
			got, err := follow(t, s, tt.limit)
			require.Equal(t, tt.code, endpoint.CodeOf(err), err)
			require.Equal(t, []int{1}, got)
			require.Len(t, s.asked, tt.calls)
			for _, id := range s.after[1:] {
				require.Equal(t, "1", id)
			}
		})
	}
}

// TestResumeDoesNotSpin has servers that never have enough of it.
func TestResumeDoesNotSpin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer func(n *int) string
		calls  int           // at most, in the time
		limit  time.Duration // of the call, or zero for none
	}{
		"Unavailable, again and again": {func(*int) string { return "retry: 0\n" + failure(endpoint.Unavailable, `,"retryAfter":"0s"`) }, 11, 0},
		"an id alone each time":        {func(n *int) string { *n++; return "id: " + strconv.Itoa(*n) + "\n\n" + stopping }, 11, 0},
		"an item each time":            {func(n *int) string { *n++; return "retry: 0\n" + item(*n) + stopping }, 20, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 1
			s := &scripted{answers: []func(w http.ResponseWriter){
				sending(item(1) + stopping), func(w http.ResponseWriter) { sending(tt.answer(&n))(w) },
			}}
			_, err := follow(t, s, tt.limit)
			require.Error(t, err)
			require.LessOrEqual(t, len(s.asked), tt.calls)
			require.Greater(t, len(s.asked), 8)
			for i, wait := range s.waits() {
				require.GreaterOrEqual(t, wait, min(100*time.Millisecond<<i, 10*time.Second))
			}
		})
	}
}

// TestResumeTellsThePool has each attempt end for its connection as it did.
func TestResumeTellsThePool(t *testing.T) {
	t.Parallel()
	s := &scripted{answers: []func(w http.ResponseWriter){sending(item(1) + stopping), sending(item(2) + item(3) + theEnd)}}
	inBubble(t, s, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f, to := &resumed{}, &noting{Conn: httpx.To("http://x", httpx.HTTPClient(client))}
		require.NoError(t, httpx.Client(to, f))
		ticks, err := f.Ticks(t.Context(), resumeFrom{})
		require.NoError(t, err)
		got, err := ticks.Collect()
		require.NoError(t, err)
		require.Len(t, got, 3)
		require.Equal(t, []endpoint.Code{endpoint.Unavailable, endpoint.OK}, to.ends)
	})
}

// noting is a target that notes how each attempt ended.
type noting struct {
	*httpx.Conn
	ends []endpoint.Code
}

func (c *noting) Release(t endpoint.Token, err error) {
	c.ends = append(c.ends, endpoint.CodeOf(err))
	c.Conn.Release(t, err)
}
