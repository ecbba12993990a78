package netrpcx_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/rpc"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/server"
)

// inBoth runs a test in a bubble for each form.
func inBoth(t *testing.T, test func(t *testing.T, f form)) {
	t.Helper()
	for name, f := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, f) })
		})
	}
}

// watching returns options that record hooks and calls, and those records.
func (f form) watching() ([]netrpcx.Option, *hooked, *[]string) {
	var h hooked
	var seen []string
	layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation()
		return ctx, func(err error) error {
			seen = append(seen, fmt.Sprintf("%s.%s %v %v", op.Service, op.Name, op.Unrouted, endpoint.CodeOf(err)))
			return err
		}, nil
	})
	return append([]netrpcx.Option{netrpcx.Use(layer), netrpcx.ErrorHook(h.add)}, f.opts...), &h, &seen
}

// ended waits until the server has closed a connection.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
}

// TestMaxMessage has requests that are too large, after which the connection is of use.
func TestMaxMessage(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		n := one(t, echo[string], append([]netrpcx.Option{netrpcx.MaxMessage(100)}, f.opts...)...)
		c := f.client(n.dial(t))
		defer c.Close()
		var got string
		for _, size := range []int{200, 50_000, 900_000} {
			require.EqualError(t, c.Call("T.Do", strings.Repeat("x", size), &got), "RESOURCE_EXHAUSTED endpoint/BODY_TOO_LARGE: the message is too large", size)
			require.NoError(t, c.Call("T.Do", "x", &got))
		}
		require.Equal(t, "x", got)
		// A peer that sends even more loses the connection, after an answer if there can be one.
		err := c.Call("T.Do", strings.Repeat("x", 18<<20), &got)
		require.Error(t, err)
		require.Error(t, c.Call("T.Do", "x", &got))
	})
}

// TestSlowMessage has a client that sends a part of a request, and one that sends nothing.
func TestSlowMessage(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		opts, h, seen := f.watching()
		n := one(t, echo[int], opts...)
		slow, idle := n.dial(t), n.dial(t)
		start := time.Now()
		_, err := slow.Write([]byte("{")) // of gob, it is the length of what follows
		require.NoError(t, err)
		ended(t, slow)
		require.Equal(t, netrpcx.DefaultMessageTimeout, time.Since(start))
		synctest.Wait()
		require.Equal(t, []string{"netrpcx.Server true DEADLINE_EXCEEDED"}, *seen)
		require.Len(t, h.errors(), 1)
		require.ErrorIs(t, h.errors()[0], netrpcx.ErrMessageTimeout)
		ended(t, idle)
		require.Equal(t, netrpcx.DefaultIdleTimeout, time.Since(start))
		require.Len(t, h.errors(), 1, "an idle client has done nothing wrong")
	})
}

// TestIdleWhileCalling has a call that takes longer than a connection may be idle.
func TestIdleWhileCalling(t *testing.T) {
	t.Parallel()
	for name, f := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := one(t, func(_ context.Context, ms int) (int, error) {
					time.Sleep(time.Duration(ms) * time.Millisecond)
					return ms, nil
				},
					append([]netrpcx.Option{netrpcx.IdleTimeout(time.Second)}, f.opts...)...)
				c := f.client(n.dial(t))
				defer c.Close()
				var got int
				require.NoError(t, c.Call("T.Do", 10_500, &got))
				time.Sleep(time.Second - 1)
				require.NoError(t, c.Call("T.Do", 0, &got), "the connection is still there")
				time.Sleep(2 * time.Second)
				require.Error(t, c.Call("T.Do", 0, &got))
			})
		})
	}
}

// TestUnreadReply has a client that does not take its answers.
func TestUnreadReply(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		failed := make(chan error, 1)
		n := one(t, echo[int], append([]netrpcx.Option{netrpcx.ErrorHook(func(_ context.Context, err error) { failed <- err })}, f.opts...)...)
		parts, mute := request(t, f, 7), n.dial(t)
		start := time.Now()
		for _, part := range parts {
			_, err := mute.Write(part)
			require.NoError(t, err)
		}
		require.ErrorContains(t, <-failed, "the answer was not written")
		require.Equal(t, netrpcx.DefaultReplyTimeout, time.Since(start))
	})
}

// request returns what a client of net/rpc writes for a call of T.Do.
func request(t *testing.T, f form, v any) [][]byte {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	c := f.client(near)
	defer c.Close()
	go c.Go("T.Do", v, new(int), nil) // which writes
	var all [][]byte
	buf := make([]byte, 64<<10)
	require.NoError(t, far.SetReadDeadline(time.Now().Add(time.Second)))
	for {
		n, err := far.Read(buf)
		if err != nil {
			return all
		}
		all = append(all, bytes.Clone(buf[:n]))
	}
}

// TestMaxCalls has more calls on one connection than may run at the same time.
func TestMaxCalls(t *testing.T) {
	t.Parallel()
	for name, f := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var running, peak atomic.Int64
				n := one(t, func(_ context.Context, v int) (int, error) {
					peak.Store(max(peak.Load(), running.Add(1)))
					time.Sleep(time.Second)
					running.Add(-1)
					return v, nil
				}, append([]netrpcx.Option{netrpcx.MaxCalls(3)}, f.opts...)...)
				c := f.client(n.dial(t))
				defer c.Close()
				start := time.Now()
				done := make(chan *rpc.Call, 9)
				go func() { // the pipe has no buffer
					for i := range 9 {
						c.Go("T.Do", i, new(int), done)
					}
				}()
				for range 9 {
					require.NoError(t, (<-done).Error)
				}
				require.Equal(t, 3*time.Second, time.Since(start))
				require.Equal(t, int64(3), peak.Load())
			})
		})
	}
}

// TestReadBudget has clients that hold as much as all may, and one more.
func TestReadBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := one(t, echo[[]byte], netrpcx.ReadBudget(100<<10))
		whole := bytes.Join(request(t, forms()["gob"], make([]byte, 90<<10)), nil)
		slow := n.dial(t)
		_, err := slow.Write(whole[:len(whole)-10])
		require.NoError(t, err)
		synctest.Wait()
		c := rpc.NewClient(n.dial(t))
		defer c.Close()
		var got []byte
		require.EqualError(t, c.Call("T.Do", make([]byte, 90<<10), &got), "UNAVAILABLE endpoint/OUT_OF_CAPACITY: out of capacity")
		require.NoError(t, c.Call("T.Do", []byte("x"), &got), "a small one has room")
		require.NoError(t, slow.Close())
		synctest.Wait()
		require.NoError(t, c.Call("T.Do", make([]byte, 90<<10), &got), "what the other one held is free")
	})
}

// TestMalformed has clients that send what is not of the protocol. They lose the connection.
func TestMalformed(t *testing.T) {
	t.Parallel()
	long := (`{"method":"` + strings.Repeat("x", 100<<10) + `","params":[1],"id":1}`)
	for name, tt := range map[string]struct {
		form, text string
	}{
		"JSON in gob":               {"gob", `{"method":"T.Do","params":[7],"id":1}` + strings.Repeat(" ", 200)},
		"a length of nine bytes":    {"gob", "\xf7123456789"},
		"a length of a terabyte":    {"gob", "\xf8\x00\x00\xff\xff\xff\xff\xff\xff"},
		"a header of a megabyte":    {"gob", "\xfd\x10\x00\x00\x02" + strings.Repeat("x", 1<<20)},
		"descriptions without end":  {"gob", descriptions(t, 1100)},
		"a value of an unknown one": {"gob", "\x03\xfe\x10\x00"},
		"not JSON":                  {"JSON", `{"method":}`},
		"a number":                  {"JSON", `7 `},
		"a name of 100 KiB":         {"JSON", long},
		"a value of 4 MiB":          {"JSON", `{"method":"` + strings.Repeat("x", 4<<20)},
		"too deep":                  {"JSON", `{"params":` + strings.Repeat("[", 20_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				opts, h, seen := forms()[tt.form].watching()
				n := one(t, echo[int], opts...)
				c := n.dial(t)
				start := time.Now()
				go func() {
					_, _ = c.Write([]byte(tt.text))
				}()
				ended(t, c)
				require.Zero(t, time.Since(start), "it is not waited for more")
				synctest.Wait()
				require.Len(t, *seen, 1)
				require.Contains(t, (*seen)[0], "netrpcx.Server true ")
				require.Len(t, h.errors(), 1)
			})
		})
	}
}

// descriptions returns n descriptions of types, each of about a kilobyte, as gob writes them.
func descriptions(t *testing.T, n int) string {
	t.Helper()
	var all, last []byte
	enc := gob.NewEncoder(writer(func(message []byte) { // one after the other, and then the value
		all = append(all, last...)
		last = bytes.Clone(message)
	}))
	for i := range n {
		last = nil
		of := reflect.StructOf([]reflect.StructField{{Name: fmt.Sprint("A", i, strings.Repeat("x", 1000)), Type: reflect.TypeFor[int]()}})
		require.NoError(t, enc.EncodeValue(reflect.New(of)))
	}
	require.Greater(t, len(all), 1<<20)
	return string(all)
}

type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// TestEnds has handlers that panic and exit, and clients that leave.
func TestEnds(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		var h hooked
		left := make(chan error, 1)
		n := one(t, func(ctx context.Context, v int) (int, error) {
			switch v {
			case 0:
				panic("secret")
			case 1:
				runtime.Goexit()
			case 2:
				<-ctx.Done()
				left <- ctx.Err()
			}
			return v, nil
		}, append([]netrpcx.Option{netrpcx.ErrorHook(h.add)}, f.opts...)...)
		c := f.client(n.dial(t))
		var got int
		require.EqualError(t, c.Call("T.Do", 0, &got), "INTERNAL: internal error")
		require.EqualError(t, c.Call("T.Do", 1, &got), "INTERNAL: internal error")
		require.NoError(t, c.Call("T.Do", 3, &got))
		require.Len(t, h.errors(), 1)
		c.Go("T.Do", 2, &got, nil)
		synctest.Wait()
		require.NoError(t, c.Close())
		require.ErrorIs(t, <-left, context.Canceled)
	})
}

// TestDrain drains a server with a call in flight, whose client also sends another request.
func TestDrain(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, f form) {
		finish := make(chan struct{})
		s, err := netrpcx.NewServer(&single[int, int]{Do: func(ctx context.Context, v int) (int, error) {
			select {
			case <-finish:
				return v, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}}, f.opts...)
		require.NoError(t, err)
		l := endpointtest.NewListener()
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		n := &network{l, s}
		c, idle := f.client(n.dial(t)), n.dial(t)
		defer c.Close()
		var got int
		call := c.Go("T.Do", 7, &got, nil)
		synctest.Wait()
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, s.Drain(brief), context.DeadlineExceeded)
		require.NoError(t, <-served)
		ended(t, idle)
		drained := make(chan error, 1)
		go func() { drained <- s.Drain(t.Context()) }()
		synctest.Wait()
		require.Empty(t, drained)
		close(finish)
		require.NoError(t, (<-call.Done).Error)
		require.Equal(t, 7, got)
		require.NoError(t, <-drained)
		late := endpointtest.NewListener()
		require.NoError(t, s.Serve(late))
		_, err = late.Accept()
		require.ErrorIs(t, err, net.ErrClosed, "it serves no more")
		require.NoError(t, s.Close())
	})
}

// TestDrainUnread drains a server whose client has sent another request, which is not read. The
// answer to the first one must not be lost, even if the client reads it only afterwards.
func TestDrainUnread(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}), make(chan struct{})
	s, err := netrpcx.NewServer(&single[int, int]{Do: func(_ context.Context, v int) (int, error) {
		close(began)
		<-finish
		return v, nil
	}}, netrpcx.JSON(), netrpcx.MaxCalls(1))
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, `{"method":"T.Do","params":[7],"id":"first"}`)
	require.NoError(t, err)
	<-began
	_, err = io.WriteString(c, `{"method":"T.Do","params":[8],"id":"second"}`)
	require.NoError(t, err)
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(t.Context()) }()
	require.NoError(t, <-served, "it accepts no more")
	close(finish)
	require.NoError(t, <-drained)
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, []string{`{"id":"first","result":7,"error":null}`, ""}, strings.Split(string(answer), "\n"))
}

// TestClose closes a server with a call in flight, whose context ends.
func TestClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left := make(chan error, 1)
		n := one(t, func(ctx context.Context, v int) (int, error) { <-ctx.Done(); left <- ctx.Err(); return v, nil })
		c := calls[int, int](t, n.conn(t))
		got := make(chan error, 1)
		go func() { _, err := c.Do(t.Context(), 7); got <- err }()
		synctest.Wait()
		require.NoError(t, n.server.Close())
		require.ErrorIs(t, <-left, context.Canceled)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(<-got))
	})
}

// TestServeFails has a listener that fails.
func TestServeFails(t *testing.T) {
	t.Parallel()
	s, err := netrpcx.NewServer(&single[int, int]{Do: echo[int]})
	require.NoError(t, err)
	l := endpointtest.NewListener()
	require.NoError(t, l.Close())
	require.ErrorIs(t, s.Serve(l), net.ErrClosed)
}

// TestStop stops a program with a call in flight, over a socket.
func TestStop(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}), make(chan struct{})
	lines, draining := make(announced, 2), newBeacon()
	s := server.New("numbers", server.Announce(lines), server.Log(slog.New(slog.DiscardHandler)))
	calls, err := netrpcx.NewServer(&single[int, int]{Do: func(_ context.Context, v int) (int, error) {
		close(began)
		<-finish
		return v, nil
	}}, netrpcx.Use(s))
	require.NoError(t, err)
	s.Add(server.Listen("net/rpc", "localhost:0", calls), server.Listen("beacon", "localhost:0", draining))
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	_, addr, _ := strings.Cut(strings.TrimSpace(<-lines), " on ")
	conn := netrpcx.To(addr)
	c := new(single[int, int])
	require.NoError(t, netrpcx.Client(conn, c))
	answer := make(chan error, 1)
	go func() {
		v, err := c.Do(t.Context(), 7)
		if err == nil && v != 7 {
			err = errors.New("another answer")
		}
		answer <- err
	}()
	<-began
	stop()
	<-draining.begun
	require.Empty(t, stopped, "the server stopped with a call in flight")
	close(finish)
	require.NoError(t, <-answer)
	require.NoError(t, <-stopped)
	require.NoError(t, conn.Close())
}

// announced has the lines that a server announces.
type announced chan string

func (a announced) Write(p []byte) (int, error) {
	a <- string(p)
	return len(p), nil
}

// A beacon is a part that serves nothing, and shows when a stop begins.
type beacon struct{ begun, ended chan struct{} }

func newBeacon() *beacon { return &beacon{make(chan struct{}), make(chan struct{})} }

func (b *beacon) Serve(l net.Listener) error {
	<-b.ended
	return l.Close()
}

func (b *beacon) Draining() { close(b.begun) }

func (b *beacon) Drain(context.Context) error {
	close(b.ended)
	return nil
}

func (b *beacon) Close() error { return nil }
