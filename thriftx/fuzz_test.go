package thriftx_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// fuzzed are the protocols by a number.
var fuzzed = []thriftx.Protocol{thriftx.Binary, thriftx.Compact, thriftx.JSON, thriftx.Header}

// factories are those of Thrift's library.
func factories() []thrift.TProtocolFactory {
	return []thrift.TProtocolFactory{
		binaryProtocol, thrift.NewTCompactProtocolFactoryConf(nil), thrift.NewTJSONProtocolFactory(), thrift.NewTHeaderProtocolFactoryConf(nil),
	}
}

// FuzzServer has a server read any bytes. It must neither panic nor make calls of its own.
func FuzzServer(f *testing.F) {
	for i, p := range factories() {
		for _, isFramed := range []bool{false, true} {
			data := request(f, p, "order", &zoothrift.ZooOrderArgs{Item: "pen", Count: 2})
			if isFramed && i < 3 {
				data = framed(data)
			}
			f.Add(uint8(i), isFramed, data)
			f.Add(uint8(i), isFramed, append(data, data[:len(data)/2]...))
		}
	}
	f.Add(uint8(3), false, framed([]byte{0x0f, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0}))
	f.Fuzz(func(t *testing.T, protocol uint8, isFramed bool, data []byte) {
		opts := []thriftx.ServerOption{thriftx.Speak(fuzzed[int(protocol)%len(fuzzed)]), thriftx.MaxMessage(4096)}
		if isFramed {
			opts = append(opts, thriftx.Framed())
		}
		s := thriftx.NewServer(opts...)
		require.NoError(t, thriftx.Register(s, newShop(make(chan string, 1000))))
		l := endpointtest.NewListener()
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		conn, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, conn)
		}()
		_, _ = conn.Write(data)
		_ = conn.Close()
		<-read
		require.NoError(t, s.Drain(t.Context()))
		require.NoError(t, <-done)
	})
}

// FuzzClient makes a client read any bytes as a response. It must not panic, and a response
// without a sum must fail.
func FuzzClient(f *testing.F) {
	three := int64(3)
	for i, p := range factories() {
		for _, isFramed := range []bool{false, true} {
			data := request(f, p, "sum", &zoothrift.ZooSumResult{Success: &three})
			if isFramed && i < 3 {
				data = framed(data)
			}
			f.Add(uint8(i), isFramed, data)
		}
	}
	f.Add(uint8(0), false, reply("sum", thrift.REPLY, 1, thrift.I64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0))
	f.Add(uint8(0), false, reply("sum", thrift.EXCEPTION, 1, append([]byte{thrift.STRING, 0, 100, 0, 0, 0, 20}, `{"code":"NOT_FOUND"}`+"\x00"...)...))
	f.Fuzz(func(t *testing.T, protocol uint8, isFramed bool, data []byte) {
		opts := []thriftx.ConnOption{thriftx.Speak(fuzzed[int(protocol)%len(fuzzed)]), thriftx.MaxMessage(4096)}
		if isFramed {
			opts = append(opts, thriftx.Framed())
		}
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = far.Read(make([]byte, 4096))
			_, _ = far.Write(data)
			_ = far.Close()
		}()
		conn := thriftx.To("shop.example:8083", append(opts, thriftx.Dial(func(context.Context, string, string) (net.Conn, error) { return near, nil }))...)
		var c Shop
		require.NoError(t, thriftx.Client(conn, &c))
		if _, err := c.Sum(t.Context(), SumRequest{1, 2}); err != nil {
			require.NotEqual(t, endpoint.OK, endpoint.CodeOf(err))
		}
		_ = conn.Close()
		_ = near.Close()
		<-done
	})
}
