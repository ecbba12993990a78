package edge_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A frames speaks HTTP/2 frame by frame, as no honest client does.
type frames struct {
	*http2.Framer
	t     *testing.T
	conn  net.Conn
	block bytes.Buffer
	hpack *hpack.Encoder
	lock  chan struct{} // held while frames are written
}

// do writes frames.
func (f *frames) do(write func() error) error {
	f.lock <- struct{}{}
	defer func() { <-f.lock }()
	return write()
}

// newFrames begins a connection.
func newFrames(t *testing.T, conn net.Conn, settings ...http2.Setting) *frames {
	t.Helper()
	f := &frames{Framer: http2.NewFramer(conn, conn), t: t, conn: conn, lock: make(chan struct{}, 1)}
	f.AllowIllegalWrites = true
	f.hpack = hpack.NewEncoder(&f.block)
	_, err := io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	// A pipe has no buffer, and both ends begin by writing.
	written := make(chan error, 1)
	go func() { written <- f.do(func() error { return f.WriteSettings(settings...) }) }()
	_, err = f.ReadFrame()
	require.NoError(t, err)
	require.NoError(t, <-written)
	return f
}

// headers returns a block of the fields.
func (f *frames) headers(fields ...string) []byte {
	f.t.Helper()
	f.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		require.NoError(f.t, f.hpack.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}))
	}
	return bytes.Clone(f.block.Bytes())
}

// get returns the block of a request.
func (f *frames) get() []byte {
	return f.headers(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "x")
}

// newStalled sends a request whose answer has no window.
func newStalled(t *testing.T, conn net.Conn) *frames {
	t.Helper()
	f := newFrames(t, conn, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	sent := make(chan error, 1)
	go func() {
		sent <- f.do(func() error {
			return errors.Join(f.WriteSettingsAck(), f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.get(), EndHeaders: true, EndStream: true}))
		})
	}()
	f.t.Cleanup(func() { <-sent })
	return f
}

// end returns the type of the frame that ends the stream or the connection, and answers
// pings until then.
func (f *frames) end() string {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch frame := frame.(type) {
		case *http2.PingFrame:
			if !frame.IsAck() {
				data := frame.Data
				go func() { _ = f.do(func() error { return f.WritePing(true, data) }) }()
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return frame.Header().Type.String()
		default:
			if frame.Header().Flags.Has(http2.FlagDataEndStream) && frame.Header().Type == http2.FrameData {
				return "END_STREAM"
			}
		}
	}
}
