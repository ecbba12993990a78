package thriftx_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// request returns the message of a call in a protocol, without a frame.
func request(tb testing.TB, f thrift.TProtocolFactory, name string, args thrift.TStruct) []byte {
	tb.Helper()
	b := thrift.NewTMemoryBuffer()
	p := f.GetProtocol(b)
	ctx := tb.Context()
	require.NoError(tb, errors.Join(p.WriteMessageBegin(ctx, name, thrift.CALL, 7), args.Write(ctx, p), p.WriteMessageEnd(ctx), p.Flush(ctx)))
	return b.Bytes()
}

func framed(data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
}

var binaryProtocol = thrift.NewTBinaryProtocolFactoryConf(nil)

// exchange sends data and returns the text of the exception that comes back, or what the
// end of the connection is.
func exchange(tb testing.TB, l *endpointtest.Listener, data []byte) string {
	tb.Helper()
	conn, err := l.Dial(tb.Context(), "", "")
	require.NoError(tb, err)
	defer conn.Close()
	go func() { _, _ = conn.Write(data) }()
	p := binaryProtocol.GetProtocol(thrift.NewStreamTransportR(conn))
	ctx := tb.Context()
	name, kind, seq, err := p.ReadMessageBegin(ctx)
	if err != nil {
		return "closed"
	}
	e := thrift.NewTApplicationException(0, "")
	require.NoError(tb, e.Read(ctx, p), "%s %v %d", name, kind, seq)
	return e.Error()
}

// TestHostileRequests has what each of them gets. The server serves others after it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	sum := request(t, binaryProtocol, "sum", &zoothrift.ZooSumArgs{A: 1, B: 2})
	head := sum[:4+4+len("sum")+4]
	message := func(fields ...byte) []byte { return append(append([]byte{}, head...), fields...) }
	const invalid = "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request"
	const large = "RESOURCE_EXHAUSTED endpoint/BODY_TOO_LARGE: the message is too large"
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"another protocol":     {[]byte("GET / HTTP/1.1\r\nHost: shop\r\n\r\n"), large},
		"a reply":              {append([]byte{0x80, 1, 0, byte(thrift.REPLY)}, sum[4:]...), invalid},
		"a list of 2^31 items": {message(thrift.LIST, 0, 9, thrift.STRUCT, 0x7f, 0xff, 0xff, 0xff), large},
		"a list of -1 items":   {message(thrift.LIST, 0, 9, thrift.STRUCT, 0xff, 0xff, 0xff, 0xff), invalid},
		"a map of 2^30 items":  {message(thrift.MAP, 0, 9, thrift.STRING, thrift.STRUCT, 0x40, 0, 0, 0), large},
		"a set of 70000 bools": {message(thrift.SET, 0, 9, thrift.BOOL, 0, 1, 0x11, 0x70), large},
		"lists of lists":       {message(thrift.LIST, 0, 9, thrift.LIST, 0, 0, 0x2e, 0xe0, thrift.BOOL, 0, 0, 0xea, 0x60), large},
		"a text of 2^31 bytes": {message(thrift.STRING, 0, 9, 0x7f, 0xff, 0xff, 0xff), large},
		"a name of 2^31 bytes": {[]byte{0x80, 1, 0, 1, 0x7f, 0xff, 0xff, 0xff}, large},
		"an unknown type":      {message(77, 0, 1), invalid},
		"structs in structs":   {message(nested(10_000)...), invalid},
		"a message of 70000":   {message(append([]byte{thrift.STRING, 0, 9, 0, 1, 0x11, 0x70}, make([]byte, 70_000)...)...), large},
		"an unknown method":    {request(t, binaryProtocol, "none", &zoothrift.ZooSumArgs{}), "UNIMPLEMENTED endpoint/NO_ROUTE: no such method"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, l := serve(t, newShop(nil), []thriftx.ServerOption{thriftx.MaxMessage(64 << 10)})
				require.Equal(t, tt.want, exchange(t, l, tt.data))
				c, _ := dial(t, l)
				n, err := c.Sum(t.Context(), SumRequest{1, 2})
				require.NoError(t, err)
				require.Equal(t, int64(3), n)
			})
		})
	}
}

// nested returns n structs, each the field of another.
func nested(n int) []byte {
	var b []byte
	for range n {
		b = append(b, thrift.STRUCT, 0, 9)
	}
	return b
}

// TestHostileFrames has frames of THeader.
func TestHostileFrames(t *testing.T) {
	t.Parallel()
	header := func(meta ...byte) []byte { // magic, flags, number, words of metadata
		return append([]byte{0x0f, 0xff, 0, 0, 0, 0, 0, 1, 0, byte(len(meta) / 4)}, meta...)
	}
	for name, data := range map[string][]byte{
		"a frame of nothing":       framed(nil),
		"a frame of a byte":        framed([]byte{1}),
		"metadata that are cut":    framed([]byte{0x0f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff}),
		"a start that is cut":      framed([]byte{0x0f, 0xff, 0, 0, 0}),
		"zlib":                     framed(header(0, 1, 1, 0)),
		"2^28 transforms":          framed(header(0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0)),
		"a protocol without end":   framed(header(0xff, 0xff, 0xff, 0xff)),
		"an unknown protocol":      framed(header(99, 0, 0, 0)),
		"an unknown kind of frame": framed([]byte("neither of these")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				opts, copts := both(thriftx.Speak(thriftx.Header))
				_, l := serve(t, newShop(nil), opts)
				conn, err := l.Dial(t.Context(), "", "")
				require.NoError(t, err)
				_, err = conn.Write(data)
				require.NoError(t, err)
				_, _ = io.Copy(io.Discard, conn) // an answer or none, and the end
				_ = conn.Close()
				c, _ := dial(t, l, copts...)
				n, err := c.Sum(t.Context(), SumRequest{1, 2})
				require.NoError(t, err)
				require.Equal(t, int64(3), n)
			})
		})
	}
}

// TestSlowClients has how long a client may take at each point.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	sum := request(t, binaryProtocol, "sum", &zoothrift.ZooSumArgs{A: 1, B: 2})
	const late = "DEADLINE_EXCEEDED endpoint/BODY_TIMEOUT: the message came too slowly"
	for name, tt := range map[string]struct {
		data []byte
		want string
		in   time.Duration
	}{
		"nothing":             {nil, "closed", 2 * time.Minute},
		"the start":           {sum[:6], late, 10 * time.Second},
		"half of the request": {sum[:len(sum)-4], late, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, l := serve(t, newShop(nil), nil)
				begun := time.Now()
				require.Equal(t, tt.want, exchange(t, l, tt.data))
				require.Equal(t, tt.in, time.Since(begun))
			})
		})
	}
}

// TestSlowReader has a client that does not read its answer.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, l := serve(t, newShop(nil), nil)
		conn, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		_, err = conn.Write(request(t, binaryProtocol, "sum", &zoothrift.ZooSumArgs{A: 1, B: 2}))
		require.NoError(t, err)
		synctest.Wait() // the request has come
		begun := time.Now()
		require.NoError(t, s.Drain(t.Context()))
		require.Equal(t, 30*time.Second, time.Since(begun))
		_ = conn.Close()
	})
}

// TestMaxConnections has a connection beyond the bound.
func TestMaxConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, newShop(nil), []thriftx.ServerOption{thriftx.MaxConnections(1)})
		first, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		c, _ := dial(t, l)
		_, err = c.Sum(t.Context(), SumRequest{1, 2})
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "%v", err)
		_ = first.Close()
		synctest.Wait()
		_, err = c.Sum(t.Context(), SumRequest{1, 2})
		require.NoError(t, err)
	})
}

// TestReadBudget has a request while others, which do not come whole, fill the budget.
func TestReadBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, newShop(nil), []thriftx.ServerOption{thriftx.ReadBudget(1000)})
		slow, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		whole := request(t, binaryProtocol, "order", &zoothrift.ZooOrderArgs{Item: string(make([]byte, 990))})
		_, err = slow.Write(whole[:980])
		require.NoError(t, err)
		synctest.Wait()
		c, _ := dial(t, l)
		_, err = c.Sum(t.Context(), SumRequest{1, 2})
		require.EqualError(t, err, "temporarily out of capacity")
		require.ErrorIs(t, err, thriftx.ErrOutOfCapacity)
		_ = slow.Close()
		synctest.Wait()
		_, err = c.Sum(t.Context(), SumRequest{1, 2})
		require.NoError(t, err)
	})
}

// blocked is a Shop whose Sum waits for the end of its context, or for release.
func blocked(entered chan<- struct{}, release <-chan struct{}) *Shop {
	shop := newShop(nil)
	shop.Sum = func(ctx context.Context, r SumRequest) (int64, error) {
		entered <- struct{}{}
		select {
		case <-release:
			return r.A + r.B, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return shop
}

// TestDrain has a stop with a call in flight and an idle connection.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		entered, release := make(chan struct{}), make(chan struct{})
		s, l := serve(t, blocked(entered, release), nil)
		c, _ := dial(t, l)
		_, err := c.Order(t.Context(), OrderRequest{"pen", 1})
		require.NoError(t, err)
		idle, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		var calls, stopping sync.WaitGroup
		calls.Go(func() {
			n, err := c.Sum(t.Context(), SumRequest{1, 2})
			assert.NoError(t, err)
			assert.Equal(t, int64(3), n)
		})
		<-entered
		stopped := false
		stopping.Go(func() {
			assert.NoError(t, s.Drain(t.Context()))
			stopped = true
		})
		synctest.Wait()
		require.False(t, stopped)
		_, err = idle.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		_, err = c.Order(t.Context(), OrderRequest{"pen", 1})
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.False(t, endpoint.MaybeSent(err))
		close(release)
		stopping.Wait()
		calls.Wait()
		require.True(t, stopped)
		require.NoError(t, s.Serve(listen(t)))
	})
}

// TestClose has a stop that does not wait for a call in flight.
func TestClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		entered := make(chan struct{})
		s, l := serve(t, blocked(entered, nil), nil)
		c, _ := dial(t, l)
		var calls sync.WaitGroup
		calls.Go(func() {
			_, err := c.Sum(t.Context(), SumRequest{1, 2})
			assert.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "%v", err)
		})
		<-entered
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, s.Drain(ctx), context.DeadlineExceeded)
		require.NoError(t, s.Close())
		calls.Wait()
	})
}

// TestListenerFails has the error of a listener that fails for good, and one that fails for
// a moment.
func TestListenerFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		l := &failing{errs: []error{tooMany{}, tooMany{}, broken}}
		begun := time.Now()
		require.ErrorIs(t, thriftx.NewServer().Serve(l), broken)
		require.Equal(t, 100*time.Millisecond, time.Since(begun))
		require.True(t, l.closed)
	})
}

type failing struct {
	net.Listener

	errs   []error
	closed bool
}

func (l *failing) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func (l *failing) Close() error {
	l.closed = true
	return nil
}

type tooMany struct{}

func (tooMany) Error() string   { return "too many open files" }
func (tooMany) Temporary() bool { return true }
