package httpx_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
)

// TestExpectContinue has clients wait for leave to send their body, over a
// socket: what is refused by its header is refused before anybody says
// "100 Continue", and the rest is read after it.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, echo[Text]("POST", "/", httpx.MaxBody(100))))
		addr := strings.TrimPrefix(listen(t, httpx.Problems(r)), "http://")
		for name, tt := range map[string]struct {
			header string
			want   []int
		}{
			"what is served":   {"Content-Type: application/json\r\nContent-Length: 9", []int{100, 200}},
			"in chunks":        {"Content-Type: application/json\r\nTransfer-Encoding: chunked", []int{100, 200}},
			"a large body":     {"Content-Type: application/json\r\nContent-Length: 101", []int{413}},
			"a type":           {"Content-Type: text/csv\r\nContent-Length: 9", []int{415}},
			"a coding":         {"Content-Encoding: br\r\nContent-Length: 9", []int{415}},
			"an Accept":        {"Accept: image/png\r\nContent-Length: 9", []int{406}},
			"another deadline": {"Connect-Timeout-Ms: soon\r\nContent-Length: 9", []int{400}},
		} {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
			require.NoError(t, err)
			_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"+tt.header+"\r\n\r\n")
			require.NoError(t, err)
			in := bufio.NewReader(conn)
			for _, want := range tt.want {
				resp, err := http.ReadResponse(in, nil)
				require.NoError(t, err, name)
				require.Equal(t, want, resp.StatusCode, name)
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				if want != 100 {
					require.NotEmpty(t, body, name)
					continue
				}
				text := `{"s":"x"}`
				if strings.Contains(tt.header, "chunked") {
					text = "9\r\n" + text + "\r\n0\r\n\r\n"
				}
				_, err = io.WriteString(conn, text)
				require.NoError(t, err)
			}
			require.NoError(t, conn.Close())
		}
	})
}
