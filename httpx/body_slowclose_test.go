package httpx_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
)

// TestSlowBodyCloses has a client that sends the half of a body and stays: the
// connection ends soon after its 408.
func TestSlowBodyCloses(t *testing.T) {
	t.Parallel()
	inBubble(t, mounted(t, echo[map[string]string]("POST", "/")), func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		conn, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{\"s\":")
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, conn.SetReadDeadline(start.Add(time.Hour)))
		answer, err := io.ReadAll(conn)
		require.Contains(t, string(answer), "408 Request Timeout")
		require.NoError(t, err, "the connection is still open after %v", time.Since(start))
		require.Less(t, time.Since(start), 11*time.Second)
	})
}
