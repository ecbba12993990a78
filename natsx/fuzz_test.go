package natsx_test

import (
	"encoding/json/v2"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// FuzzRequest sends any request: the server responds with a message of the service or
// with an error that has a code.
func FuzzRequest(f *testing.F) {
	for _, s := range [][3]string{
		{"", "", `{"s":"a"}`},
		{"application/json", "1000", `{}`},
		{"text/plain", "", "x"},
		{"", "0", ""},
		{"", "99999999999", `{"s":1}`},
		{"application/json;", " 1", "\xff"},
	} {
		f.Add(s[0], s[1], []byte(s[2]))
	}
	ns := broker(f)
	serve(f, ns, &Strings{Upper: upper, Repeat: thrice})
	conn := dial(f, ns)
	f.Fuzz(func(t *testing.T, media, timeout string, data []byte) {
		reply, err := conn.RequestMsgWithContext(within(t), &nats.Msg{
			Subject: "strings.upper", Data: data,
			Header: nats.Header{"Content-Type": {media}, "Endpoint-Timeout-Ms": {timeout}},
		})
		require.NoError(t, err)
		var got struct {
			S    *string `json:"s"`
			Code *string `json:"code"`
		}
		require.NoError(t, json.Unmarshal(reply.Data, &got), "%q", reply.Data)
		if reply.Header.Get("Endpoint-Error") == "" {
			require.NotNil(t, got.S)
		} else {
			require.NotNil(t, got.Code)
		}
	})
}

// FuzzReply has a client get any reply, of a response and of a stream.
func FuzzReply(f *testing.F) {
	for _, s := range [][6]string{
		{"", "", "", "", "", `{"s":"a"}`},
		{"NOT_FOUND a/B", "", "", "error", "1", `{"code":"ABORTED","errors":[{"pointer":"/a"}]}`},
		{"", "gone", "404", "", "", ""},
		{"", "", "", "item", "1", `{"s":"a"}`},
		{"", "", "", "heartbeat", "0", ""},
		{"", "", "", "end", "18446744073709551616", ""},
	} {
		f.Add(s[0], s[1], s[2], s[3], s[4], []byte(s[5]))
	}
	ns := broker(f)
	conn := dial(f, ns)
	var reply atomic.Pointer[nats.Msg]
	respond := func(msg *nats.Msg) {
		m := *reply.Load()
		m.Subject = msg.Reply
		_ = conn.PublishMsg(&m)
		// No reply of a stream that goes on has this number.
		_ = conn.PublishMsg(&nats.Msg{Subject: msg.Reply, Header: nats.Header{"Endpoint-Stream": {"end"}, "Endpoint-Seq": {"x"}}})
	}
	for _, subject := range []string{"strings.upper", "strings.repeat"} {
		_, err := conn.Subscribe(subject, respond)
		require.NoError(f, err)
	}
	var c Strings
	connect(f, ns, &c)
	require.NoError(f, conn.Flush())
	f.Fuzz(func(t *testing.T, line, text, code, kind, seq string, data []byte) {
		h := nats.Header{}
		for key, v := range map[string]string{
			"Endpoint-Error": line, "Nats-Service-Error": text, "Nats-Service-Error-Code": code,
			"Endpoint-Stream": kind, "Endpoint-Seq": seq,
		} {
			if v != "" {
				h[key] = []string{v}
			}
		}
		reply.Store(&nats.Msg{Header: h, Data: data})
		_, err := c.Upper(t.Context(), Text{"a"})
		if failed := line != "" || text != "" || code != ""; failed {
			require.NotEqual(t, endpoint.OK, endpoint.CodeOf(err))
			require.True(t, endpoint.ErrorOf(err).Remote())
		}
		items, err := c.Repeat(t.Context(), Text{"a"})
		require.NoError(t, err)
		n := 0
		for _, err := range items {
			if n++; err == nil {
				require.Equal(t, "item1", kind+seq[len(seq)-1:])
			}
		}
		require.LessOrEqual(t, n, 2)
	})
}
