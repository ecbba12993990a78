package edge_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// over starts a server of h on a socket, and returns a client.
func over(t *testing.T, wrap func(l net.Listener) net.Listener, http2 bool, h http.HandlerFunc) *http.Transport {
	t.Helper()
	l, err := edge.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	stop := serve(t, wrap(l), h, edge.DefaultLimits())
	c := client(nil, http2)
	c.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	t.Cleanup(func() { c.CloseIdleConnections(); stop() })
	return c
}

func bound(l net.Listener) net.Listener {
	return edge.Bound(l, edge.DefaultLimits(), slog.New(slog.DiscardHandler))
}

// TestWriterAbilities has what handlers and middlewares ask a writer for.
func TestWriterAbilities(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		c := over(t, bound, http2, func(w http.ResponseWriter, r *http.Request) {
			_, flushes := w.(http.Flusher)
			_, writes := w.(io.StringWriter)
			_, unwraps := w.(interface{ Unwrap() http.ResponseWriter })
			_, hijacks := w.(http.Hijacker)
			_, reads := w.(io.ReaderFrom)
			_, pushes := w.(http.Pusher)
			control := http.NewResponseController(w)
			ok := flushes && writes && unwraps && hijacks == !http2 && reads == !http2 && pushes == http2 &&
				control.EnableFullDuplex() == nil && control.SetReadDeadline(time.Time{}) == nil && control.SetWriteDeadline(time.Time{}) == nil && control.Flush() == nil
			if p, is := w.(http.Pusher); is {
				ok = ok && p.Push("/", nil) != nil // clients do not allow it
			}
			if ok {
				_, _ = io.WriteString(w, "all")
			}
		})
		resp, err := send(t, c, http.MethodGet, nil)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "all", string(got))
		require.NoError(t, resp.Body.Close())
	})
}

// TestWriterLength has net/http know the length of a short answer, and a large one
// arrive whole however it is written.
func TestWriterLength(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 20_000)
	protocols(t, func(t *testing.T, http2 bool) {
		for name, write := range map[string]func(w http.ResponseWriter, s string) error{
			"bytes":  func(w http.ResponseWriter, s string) error { _, err := w.Write([]byte(s)); return err },
			"text":   func(w http.ResponseWriter, s string) error { _, err := io.WriteString(w, s); return err },
			"copied": func(w http.ResponseWriter, s string) error { _, err := io.Copy(w, strings.NewReader(s)); return err },
			"limited": func(w http.ResponseWriter, s string) error {
				_, err := io.CopyN(w, strings.NewReader(s+"more"), int64(len(s)))
				return err
			},
			"byte for byte": func(w http.ResponseWriter, s string) error {
				for i := range len(s) {
					if _, err := w.Write([]byte{s[i]}); err != nil {
						return err
					}
				}
				return nil
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := over(t, bound, http2, func(w http.ResponseWriter, r *http.Request) {
					text := large
					if r.Method == http.MethodPost {
						text = text[:2048]
					}
					require.NoError(t, write(w, text)) //nolint:testifylint // the client fails too
				})
				resp, err := send(t, c, http.MethodGet, nil)
				require.NoError(t, err)
				got, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, large, string(got))
				require.NoError(t, resp.Body.Close())
				resp, err = send(t, c, http.MethodPost, nil)
				require.NoError(t, err)
				require.EqualValues(t, 2048, resp.ContentLength)
				require.NoError(t, resp.Body.Close())
			})
		}
	})
}

// TestWriterEarlyHints has an informational answer that the client does not take.
func TestWriterEarlyHints(t *testing.T) {
	t.Parallel()
	protocols(t, func(t *testing.T, http2 bool) {
		c := over(t, bound, http2, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		})
		resp, err := send(t, c, http.MethodGet, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusTeapot, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
	})
	synctest.Test(t, func(t *testing.T) {
		l, stop := bubble(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusEarlyHints) })
		conn, err := l.Dial(t.Context(), "tcp", "x:80")
		require.NoError(t, err)
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		pause(31 * time.Second)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Empty(t, answer)
		require.NoError(t, conn.Close())
		stop()
	})
}

// sent counts what is sent by ReadFrom.
type sent struct {
	net.Listener
	calls, bytes atomic.Int64
}

type sentConn struct {
	*net.TCPConn
	of *sent
}

func (s *sent) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return sentConn{c.(*net.TCPConn), s}, nil
}

func (c sentConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	c.of.calls.Add(1)
	c.of.bytes.Add(n)
	return n, err
}

// TestReadFrom has a file sent by the connection itself, piece by piece, and nothing
// else.
func TestReadFrom(t *testing.T) {
	t.Parallel()
	const size = 300 << 10
	name := filepath.Join(t.TempDir(), "file")
	text := strings.Repeat("0123456789abcdef", size/16)
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	for _, tt := range []struct {
		name  string
		serve http.HandlerFunc
		want  string
		calls int64
	}{
		{"served", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }, text, 5},
		{"whole", func(w http.ResponseWriter, _ *http.Request) {
			f, _ := os.Open(name)
			w.Header().Set("Content-Length", "307200")
			n, err := io.Copy(w, f)
			require.NoError(t, err)         //nolint:testifylint // the client fails too
			require.EqualValues(t, size, n) //nolint:testifylint // the client fails too
			_ = f.Close()
		}, text, 5},
		{"more than the length", func(w http.ResponseWriter, _ *http.Request) {
			f, _ := os.Open(name)
			w.Header().Set("Content-Length", "100000")
			_, err := io.Copy(w, f)
			require.ErrorIs(t, err, http.ErrContentLength) //nolint:testifylint // the client fails too
			_ = f.Close()
		}, text[:100_000], 2},
		{"a part", func(w http.ResponseWriter, _ *http.Request) {
			f, _ := os.Open(name)
			w.Header().Set("Content-Length", "70000")
			part := &io.LimitedReader{R: f, N: 70_000}
			n, err := io.Copy(w, part)
			require.NoError(t, err)          //nolint:testifylint // the client fails too
			require.EqualValues(t, 70000, n) //nolint:testifylint // the client fails too
			require.Zero(t, part.N)          //nolint:testifylint // the client fails too
			_ = f.Close()
		}, text[:70_000], 2},
		{"no file", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "307200")
			_, _ = io.Copy(w, io.LimitReader(strings.NewReader(text), size))
		}, text, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counted := new(sent)
			c := over(t, func(l net.Listener) net.Listener { counted.Listener = l; return counted }, false, tt.serve)
			resp, err := send(t, c, http.MethodGet, nil)
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(got))
			require.NoError(t, resp.Body.Close())
			require.Equal(t, tt.calls, counted.calls.Load())
			if tt.calls > 0 {
				require.GreaterOrEqual(t, counted.bytes.Load(), int64(len(tt.want)-512)) // net/http looks at the first 512 bytes
			}
		})
	}
}

// TestReadFromSlowSource has a source that is slow, which is not the client's fault, and
// a pipe, which is a file.
func TestReadFromSlowSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, stop := bubble(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, &slow{n: 3, piece: []byte(strings.Repeat("x", 4<<10)), every: time.Hour})
		})
		c := client(l.Dial, false)
		resp, err := send(t, c, http.MethodGet, nil)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Len(t, got, 3*4<<10)
		require.NoError(t, resp.Body.Close())
		c.CloseIdleConnections()
		stop()
	})
	counted := new(sent)
	c := over(t, func(l net.Listener) net.Listener { counted.Listener = l; return counted }, false, func(w http.ResponseWriter, _ *http.Request) {
		r, in, _ := os.Pipe()
		var written sync.WaitGroup
		written.Go(func() { _, _ = io.WriteString(in, "piped"); _ = in.Close() })
		_, _ = io.Copy(w, r)
		written.Wait()
		_ = r.Close()
	})
	resp, err := send(t, c, http.MethodGet, nil)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "piped", string(got))
	require.NoError(t, resp.Body.Close())
	require.Zero(t, counted.calls.Load())
}

// TestHijack has a handler that takes over its connection, which nothing bounds then.
func TestHijack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		done := make(chan error, 1)
		l, stop := bubble(t, func(w http.ResponseWriter, _ *http.Request) {
			c, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				done <- err
				return
			}
			go func() { // after the handler has returned
				defer func() { _ = c.Close() }()
				line, err := textproto.NewReader(buf.Reader).ReadLine()
				if err == nil {
					_, err = io.WriteString(c, line)
				}
				done <- err
			}()
		})
		conn, err := l.Dial(t.Context(), "tcp", "x:80")
		require.NoError(t, err)
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		pause(time.Hour)
		_, err = io.WriteString(conn, "echo\r\n")
		require.NoError(t, err)
		pause(time.Hour)
		got, err := io.ReadAll(bufio.NewReader(conn))
		require.NoError(t, err)
		require.Equal(t, "echo", string(got))
		require.NoError(t, <-done)
		require.NoError(t, conn.Close())
		stop()
	})
}
