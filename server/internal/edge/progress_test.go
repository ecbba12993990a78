package edge_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const half = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"

// TestSlowSender has clients of HTTP/1 that would hold a connection for ever.
func TestSlowSender(t *testing.T) {
	t.Parallel()
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, fmt.Sprint(errors.Is(err, os.ErrDeadlineExceeded)))
		}
	}
	for _, tt := range []struct {
		name    string
		sends   string
		handler http.HandlerFunc
		holds   time.Duration
		answer  string // its first and its last line
	}{
		{"nothing", "", read, 5 * time.Second, ""},
		{"half a header", "GET / HTTP/1.1\r\nHost: x\r\n", read, 5 * time.Second, ""},
		{"half a body", half, read, 30 * time.Second, "HTTP/1.1 400 Bad Request: true"},
		{"half a chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx", read, 30 * time.Second, "HTTP/1.1 400 Bad Request: true"},
		{"one request and nothing more", half + "67890", read, 2 * time.Minute, "HTTP/1.1 200 OK: "},
		{"a large header", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 80<<10), read, 500 * time.Millisecond, "HTTP/1.1 431 Request Header Fields Too Large: 431 Request Header Fields Too Large"},
		{"half a body that is not read", half, func(http.ResponseWriter, *http.Request) {}, 30 * time.Second, "HTTP/1.1 200 OK: "},
		{"half a body that is closed", half, func(_ http.ResponseWriter, r *http.Request) { _ = r.Body.Close() }, 30 * time.Second, "HTTP/1.1 200 OK: "},
		{"half a body and a large answer", half, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 4<<10)) }, 30 * time.Second, ""},
		{"half a body and a flush", half, func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).Flush() }, 30 * time.Second, ""},
		{"half a body with a deadline of the handler's", half, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Minute))
			read(w, r)
		}, time.Minute, "HTTP/1.1 400 Bad Request: true"},
		{"half a body that is not read, after a deadline was lifted", half, func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		}, 30 * time.Second, "HTTP/1.1 200 OK: "},
		{"half a body that is not read, with a short deadline", half, func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		}, time.Second, "HTTP/1.1 200 OK: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, stop := bubble(t, tt.handler)
				conn, err := l.Dial(t.Context(), "tcp", "x:80")
				require.NoError(t, err)
				start := time.Now()
				go func() { _, _ = io.WriteString(conn, tt.sends) }()
				answer, _ := io.ReadAll(conn) // up to the end of the connection
				require.InDelta(t, tt.holds, time.Since(start), float64(500*time.Millisecond))
				if tt.answer == "" {
					require.Empty(t, answer)
				} else {
					first, _, _ := bytes.Cut(answer, []byte("\r\n"))
					last := answer[bytes.LastIndexByte(answer, '\n')+1:]
					require.Equal(t, tt.answer, fmt.Sprintf("%s: %s", first, last))
				}
				require.NoError(t, conn.Close())
				stop()
			})
		})
	}
}

// TestExpectContinue has a client that asks to be invited and does not read the
// invitation, and one that does and takes its time for the answer.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	const header = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
	synctest.Test(t, func(t *testing.T) {
		held := make(chan time.Duration, 1)
		l, stop := bubble(t, func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			_, err := io.Copy(w, r.Body)
			if err == nil {
				pause(time.Hour) // no deadline is left
				_, err = w.Write(make([]byte, 64<<10))
			}
			if err != nil {
				held <- time.Since(start)
			}
		})
		silent, err := l.Dial(t.Context(), "tcp", "x:80")
		require.NoError(t, err)
		_, err = io.WriteString(silent, header)
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, <-held)
		require.NoError(t, silent.Close())

		polite, err := l.Dial(t.Context(), "tcp", "x:80")
		require.NoError(t, err)
		_, err = io.WriteString(polite, header)
		require.NoError(t, err)
		invitation := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
		_, err = io.ReadFull(polite, invitation)
		require.NoError(t, err)
		_, err = io.WriteString(polite, "1234567890")
		require.NoError(t, err)
		answer := make([]byte, 64<<10)
		_, err = io.ReadFull(polite, answer)
		require.NoError(t, err)
		require.Contains(t, string(answer), "200 OK")
		require.NoError(t, polite.Close())
		stop()
	})
}

// slow is a reader of n pieces, each of which comes some time after the one before.
type slow struct {
	n     int
	piece []byte
	every time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	if s.n == 0 {
		return 0, io.EOF
	}
	timer := time.NewTimer(s.every)
	defer timer.Stop()
	<-timer.C
	s.n--
	return copy(p, s.piece), nil
}

// TestUpload has bodies that come slowly: in time, and not in time.
func TestUpload(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		for _, tt := range []struct {
			name   string
			body   *slow
			handle time.Duration // what the handler takes for each read
			lift   bool
			took   time.Duration // the longest that the body may hold the handler
			ok     bool
		}{
			{"for hours", &slow{n: 1000, piece: make([]byte, 16<<10), every: 7 * time.Second}, 0, false, 4 * time.Hour, true},
			{"a byte at a time", &slow{n: 1000, piece: []byte("x"), every: 14 * time.Second}, 0, false, 31 * time.Second, false},
			{"none", &slow{n: 1, piece: []byte("x"), every: time.Hour}, 0, false, 31 * time.Second, false},
			{"a handler that works for hours", &slow{n: 100, piece: make([]byte, 1<<10)}, time.Minute, false, 4 * time.Hour, true},
			{"without a deadline", &slow{n: 100, piece: []byte("x"), every: time.Minute}, 0, true, 2 * time.Hour, true},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					type outcome struct {
						err  error
						took time.Duration
					}
					read := make(chan outcome, 1)
					l, stop := bubble(t, func(w http.ResponseWriter, r *http.Request) {
						if tt.lift {
							_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
						}
						start := time.Now()
						var err error
						for err == nil {
							_, err = r.Body.Read(make([]byte, 32<<10))
							pause(tt.handle)
						}
						read <- outcome{err, time.Since(start)}
					})
					c := client(l.Dial, http2)
					resp, err := send(t, c, http.MethodPost, tt.body)
					if err == nil {
						require.NoError(t, resp.Body.Close())
					}
					got := <-read
					require.LessOrEqual(t, got.took, tt.took)
					if tt.ok {
						require.NoError(t, err)
						require.ErrorIs(t, got.err, io.EOF)
					} else {
						require.ErrorIs(t, got.err, os.ErrDeadlineExceeded)
						require.ErrorContains(t, got.err, "of 65536 bytes in 30s")
					}
					pause(5 * time.Hour) // the client reads its body to the end
					c.CloseIdleConnections()
					stop()
				})
			})
		}
	})
}

// pause waits for d, in a bubble.
func pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// TestDownload has clients that take an answer slowly: in time, and not in time.
func TestDownload(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	whole := func(w http.ResponseWriter) error { _, err := w.Write(make([]byte, size)); return err }
	text := func(w http.ResponseWriter) error { _, err := io.WriteString(w, strings.Repeat("x", size)); return err }
	pieces := func(w http.ResponseWriter) error {
		var err error
		for n := 0; n < size && err == nil; n += 1000 {
			if _, err = w.Write(make([]byte, min(1000, size-n))); err == nil {
				err = http.NewResponseController(w).Flush()
			}
		}
		return err
	}
	copied := func(w http.ResponseWriter) error {
		_, err := io.Copy(w, bytes.NewBuffer(make([]byte, size)))
		return err
	}
	protocols(t, func(t *testing.T, http2 bool) {
		for _, tt := range []struct {
			name  string
			write func(w http.ResponseWriter) error
			read  int           // bytes that the client takes
			every time.Duration // at a time
			took  time.Duration // the longest that the client may hold the handler
			ok    bool
		}{
			{"for minutes", whole, 16 << 10, 5 * time.Second, time.Hour, true},
			{"for minutes, as a text", text, 16 << 10, 5 * time.Second, time.Hour, true},
			{"for minutes, in small pieces", pieces, 16 << 10, 5 * time.Second, time.Hour, true},
			{"for minutes, copied", copied, 16 << 10, 5 * time.Second, time.Hour, true},
			{"a byte at a time", whole, 1, time.Second, 61 * time.Second, false},
			{"a byte at a time, as a text", text, 1, time.Second, 61 * time.Second, false},
			{"a byte at a time, in small pieces", pieces, 1, time.Second, 61 * time.Second, false},
			{"a byte at a time, copied", copied, 1, time.Second, 61 * time.Second, false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					written := make(chan error, 1)
					var took time.Duration
					l, stop := bubble(t, func(w http.ResponseWriter, _ *http.Request) {
						start := time.Now()
						err := tt.write(w)
						took = time.Since(start)
						written <- err
					})
					c := client(l.Dial, http2)
					if http2 {
						c.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 64 << 10}
					}
					resp, err := send(t, c, http.MethodGet, nil)
					require.NoError(t, err)
					var n int
					for err == nil {
						pause(tt.every)
						var m int
						m, err = io.ReadFull(resp.Body, make([]byte, tt.read))
						n += m
					}
					require.NoError(t, resp.Body.Close())
					if tt.ok {
						require.NoError(t, <-written)
						require.Equal(t, size, n)
					} else {
						require.ErrorIs(t, <-written, os.ErrDeadlineExceeded)
					}
					require.LessOrEqual(t, took, tt.took)
					c.CloseIdleConnections()
					stop()
				})
			})
		}
	})
}

// TestQuietStream has an answer that says nothing for an hour between two texts.
func TestQuietStream(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		synctest.Test(t, func(t *testing.T) {
			l, stop := bubble(t, func(w http.ResponseWriter, _ *http.Request) {
				for range 3 {
					_, _ = io.WriteString(w, strings.Repeat("x", 4<<10))
					w.(http.Flusher).Flush()
					pause(time.Hour)
				}
			})
			c := client(l.Dial, http2)
			resp, err := send(t, c, http.MethodGet, nil)
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Len(t, got, 3*4<<10)
			require.NoError(t, resp.Body.Close())
			c.CloseIdleConnections()
			stop()
		})
	})
}

// TestAfterHandler has a client that does not take the end of an answer, which is sent
// when the handler has returned.
func TestAfterHandler(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		for name, lift := range map[string]bool{"by default": false, "after a deadline was lifted": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, stop := bubble(t, func(w http.ResponseWriter, _ *http.Request) {
						if lift {
							_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
						}
						_, _ = w.Write(make([]byte, 2<<10))
					})
					conn, err := l.Dial(t.Context(), "tcp", "x:80")
					require.NoError(t, err)
					start := time.Now()
					if http2 {
						stalled := newStalled(t, conn)
						require.Equal(t, "RST_STREAM", stalled.end())
					} else {
						_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
						require.NoError(t, err)
						pause(31 * time.Second)
						answer, err := io.ReadAll(conn)
						require.NoError(t, err)
						require.Empty(t, answer)
						start = start.Add(time.Second)
					}
					require.InDelta(t, 30*time.Second, time.Since(start), float64(time.Second))
					require.NoError(t, conn.Close())
					stop()
				})
			})
		}
	})
}
