package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestProcess sends signals to the program.
func TestProcess(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String()+" while a call is in flight", func(t *testing.T) {
			t.Parallel()
			p := launch(t)
			c := p.post(t)
			p.Signal(t, sig)
			p.Await(t, programtest.Draining)
			require.Equal(t, `200 {}`, c.finish(t))
			p.Await(t, "operation=Profiles.Post")
			require.Equal(t, 0, p.Wait(t))
		})
	}

	t.Run("a second signal", func(t *testing.T) {
		t.Parallel()
		p := launch(t)
		c := p.post(t)
		p.Signal(t, syscall.SIGTERM)
		p.Await(t, programtest.Draining)
		p.Signal(t, syscall.SIGTERM)
		require.Equal(t, 1, p.Wait(t))
		require.Contains(t, p.Log(), "profilesvc: a second signal: terminated\n")
		_, err := c.reader.ReadByte()
		require.Error(t, err, "the call goes on")
	})
}

// A process is the program at work.
type process struct {
	*programtest.Process
	addr string
}

// launch starts the program on a free port.
func launch(t *testing.T) *process {
	t.Helper()
	p := programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0")
	return &process{p, p.Addresses(t, "HTTP")["HTTP"]}
}

// A call is a request whose header is sent and whose body is not.
type call struct {
	conn   net.Conn
	reader *bufio.Reader
}

const (
	profile = `{"id":"1"}`
	header  = "POST /profiles/ HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n" +
		"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
)

// post begins a call and returns when it is in flight: a server says 100 when
// it starts to read the body.
func (p *process) post(t *testing.T) *call {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	c := &call{conn, bufio.NewReader(conn)}
	_, err = io.WriteString(conn, header)
	require.NoError(t, err)
	line, err := c.reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = c.reader.ReadString('\n')
	require.NoError(t, err)
	return c
}

// finish sends the body, and returns the status and the body of the answer.
func (c *call) finish(t *testing.T) string {
	t.Helper()
	_, err := io.WriteString(c.conn, profile)
	require.NoError(t, err)
	resp, err := http.ReadResponse(c.reader, nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.Status[:4] + string(body)
}
