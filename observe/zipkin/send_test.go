package zipkin_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/zipkin"
)

// TestAnswers has what becomes of spans by the answer of the collector: how often they are
// sent, with which pauses, and the error.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []int
		after   string        // Retry-After
		pause   time.Duration // 0: by the exporter
		sent    int
		want    string
	}{
		"accepted":                 {[]int{202}, "", 0, 1, ""},
		"another success":          {[]int{200}, "", 0, 1, ""},
		"malformed":                {[]int{400}, "", 0, 1, "the collector answered 400 Bad Request: no"},
		"a bug there":              {[]int{500}, "", 0, 1, "the collector answered 500 Internal Server Error: no"},
		"a gateway":                {[]int{502}, "", 0, 1, "the collector answered 502 Bad Gateway: no"},
		"overloaded, for once":     {[]int{503, 202}, "", 0, 2, ""},
		"limited, twice":           {[]int{429, 429, 202}, "", 0, 3, ""},
		"overloaded":               {[]int{503, 503, 503, 202}, "", 0, 3, "the collector answered 503 Service Unavailable: no"},
		"asks for a pause":         {[]int{503, 202}, "2", 2 * time.Second, 2, ""},
		"asks for a long pause":    {[]int{503, 202}, "3600", 5 * time.Second, 2, ""},
		"asks for an odd pause":    {[]int{503, 202}, "-7", 0, 2, ""},
		"asks for a huge pause":    {[]int{503, 202}, "99999999999999999999", 5 * time.Second, 2, ""},
		"asks for an hour by date": {[]int{503, 202}, "Mon, 02 Jan 2006 15:04:05 GMT", 0, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				c := collect(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", tt.after)
					w.WriteHeader(tt.answers[n])
					if n++; tt.answers[n-1] >= 300 {
						_, _ = io.WriteString(w, "no")
					}
				})
				err := c.exporter(t).ExportSpans(t.Context(), snapshots(newStub()))
				if tt.want == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, "zipkin: 1 of 1 spans are lost: "+tt.want)
				}
				bodies := c.sent()
				require.Len(t, bodies, tt.sent)
				for i := range tt.sent - 1 {
					require.Equal(t, bodies[0], bodies[i+1])
					checkPause(t, i+1, tt.pause, c.times[i+1].Sub(c.times[i]))
				}
			})
		})
	}
}

// checkPause compares the pause after an attempt with want, or with the exporter's own.
func checkPause(t *testing.T, attempt int, want, got time.Duration) {
	t.Helper()
	if want > 0 {
		require.Equal(t, want, got)
		return
	}
	mean := time.Duration(attempt) * 500 * time.Millisecond
	require.GreaterOrEqual(t, got, mean/2)
	require.Less(t, got, mean*3/2)
}

// TestPartly has one of two requests fail.
func TestPartly(t *testing.T) {
	t.Parallel()
	n := 0
	c := collect(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	err := c.exporter(t, zipkin.MaxBody(4096)).ExportSpans(t.Context(), snapshots(large(3000), large(2000), large(1000)))
	require.EqualError(t, err, "zipkin: 1 of 3 spans are lost: the collector answered 400 Bad Request: ")
	require.Len(t, c.sent(), 2)
}

// TestHostileAnswer has an answer without end, which is not read for long, and control
// characters in it, which do not get into the error.
func TestHostileAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400} {
		var written atomic.Int64
		c := collect(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			line := "\x1b[2J" + strings.Repeat("x", 1000)
			for r.Context().Err() == nil {
				n, err := io.WriteString(w, line)
				written.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
		err := c.exporter(t).ExportSpans(t.Context(), snapshots(newStub()))
		if status == 200 {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "400 Bad Request: \ufffd[2Jxxx")
			require.Less(t, len(err.Error()), 1000)
		}
		c.client.CloseIdleConnections()
		assert.Less(t, written.Load(), int64(1<<20))
	}
}

// TestRefused has a collector that is not there, whom the exporter tries three times, and
// whose password is in no error.
func TestRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		e, err := zipkin.New("http://ada:secret@zipkin.example", zipkin.HTTPClient(refused(&times)))
		require.NoError(t, err)
		err = e.ExportSpans(t.Context(), snapshots(newStub(), newStub()))
		require.ErrorContains(t, err, "zipkin: 2 of 2 spans are lost: ")
		require.ErrorContains(t, err, "dial tcp")
		require.NotContains(t, err.Error(), "secret")
		require.Len(t, times, 3)
		checkPause(t, 1, 0, times[1].Sub(times[0]))
		checkPause(t, 2, 0, times[2].Sub(times[1]))
	})
}

// TestPauseEnds has a time-out in the pause before a repeat.
func TestPauseEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		e, err := zipkin.New("http://zipkin.example", zipkin.HTTPClient(refused(&times)), zipkin.Timeout(100*time.Millisecond))
		require.NoError(t, err)
		begun := time.Now()
		err = e.ExportSpans(t.Context(), snapshots(newStub()))
		require.ErrorContains(t, err, "unexpected EOF (the export timed out: context deadline exceeded)")
		require.Equal(t, 100*time.Millisecond, time.Since(begun))
		require.Len(t, times, 1)
	})
}
