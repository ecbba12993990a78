package thriftx_test

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// TestFrameRest has frames that are longer than their message. The rest is dropped, within
// the limit, and the next frame is read from its start.
func TestFrameRest(t *testing.T) {
	t.Parallel()
	sum := request(t, binaryProtocol, "sum", &zoothrift.ZooSumArgs{A: 1, B: 2})
	for name, tt := range map[string]struct {
		rest int
		want string // in the answers to two requests
	}{
		"none":      {0, "sum, sum"},
		"some":      {100, "sum, sum"},
		"too large": {5000, "BODY_TOO_LARGE, "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				opts, _ := both(thriftx.Framed())
				s, l := serve(t, newShop(nil), append(opts, thriftx.MaxMessage(4096)))
				conn, err := l.Dial(t.Context(), "", "")
				require.NoError(t, err)
				defer conn.Close()
				go func() {
					for range 2 {
						_, _ = conn.Write(framed(append(bytes.Clone(sum), make([]byte, tt.rest)...)))
					}
				}()
				answers := ""
				for i := range 2 {
					frame := make([]byte, 4096)
					n, _ := conn.Read(frame)
					for _, word := range []string{"BODY_TOO_LARGE", "sum"} {
						if bytes.Contains(frame[:n], []byte(word)) {
							answers += word
							break
						}
					}
					if i == 0 {
						answers += ", "
					}
				}
				require.Equal(t, tt.want, answers)
				_ = conn.Close()
				require.NoError(t, s.Close())
			})
		})
	}
}
