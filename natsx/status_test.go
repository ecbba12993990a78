package natsx_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestErrorsOnTheWire reads errors in every form that a server may send.
func TestErrorsOnTheWire(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		conn := dial(t, ns)
		replies := make(chan *nats.Msg, 1)
		_, err := conn.Subscribe("strings.upper", func(msg *nats.Msg) { _ = msg.RespondMsg(<-replies) })
		require.NoError(t, err)
		require.NoError(t, conn.FlushWithContext(within(t)))
		var c Strings
		connect(t, ns, &c)
		for name, tt := range map[string]struct {
			header nats.Header
			data   string
			want   string // code, identity, message
		}{
			"a document":                 {nats.Header{"Endpoint-Error": {"NOT_FOUND a/B"}}, `{"code":"ABORTED","domain":"c","reason":"D","detail":"e"}`, "ABORTED c/D e"},
			"a header in lower case":     {nats.Header{"endpoint-error": {"NOT_FOUND a/B"}}, ``, "NOT_FOUND a/B not found"},
			"a header alone":             {nats.Header{"Endpoint-Error": {"NOT_FOUND a/B"}}, ``, "NOT_FOUND a/B not found"},
			"a code alone":               {nats.Header{"Endpoint-Error": {"NOT_FOUND"}}, `x`, "NOT_FOUND / not found"},
			"a code that is not known":   {nats.Header{"Endpoint-Error": {"STRANGE"}}, `{}`, "UNKNOWN / unknown error"},
			"no more than a space":       {nats.Header{"Endpoint-Error": {" "}}, ``, "UNKNOWN / unknown error"},
			"the code OK":                {nats.Header{"Endpoint-Error": {"OK"}}, `{"code":"OK"}`, "UNKNOWN / unknown error"},
			"of micro, with a status":    {nats.Header{"Nats-Service-Error": {"gone"}, "Nats-Service-Error-Code": {"404"}}, `x`, "NOT_FOUND / gone"},
			"of micro, with a code":      {nats.Header{"Nats-Service-Error": {"gone"}, "Nats-Service-Error-Code": {"E7"}}, `x`, "UNKNOWN / gone"},
			"of micro, with another one": {nats.Header{"Nats-Service-Error": {"gone"}, "Nats-Service-Error-Code": {"200"}}, `x`, "UNKNOWN / gone"},
			"of micro, without a text":   {nats.Header{"Nats-Service-Error-Code": {"503"}}, ``, "UNAVAILABLE / temporarily unavailable"},
			"a long text":                {nats.Header{"Nats-Service-Error": {strings.Repeat("x", 70<<10)}}, ``, "UNKNOWN / " + strings.Repeat("x", 64<<10)},
		} {
			replies <- &nats.Msg{Header: tt.header, Data: []byte(tt.data)}
			_, err := c.Upper(t.Context(), Text{"a"})
			e := endpoint.ErrorOf(err)
			require.True(t, e.Remote(), name)
			require.Equal(t, tt.want, e.Code().String()+" "+e.Domain()+"/"+e.Reason()+" "+e.Message(), name)
			require.True(t, endpoint.MaybeSent(err), name)
		}
	})
}

// TestMicroService calls a service of the micro framework of NATS. It needs the real
// clock, as TestDrain does.
func TestMicroService(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	conn := dial(t, ns)
	svc, err := micro.AddService(conn, micro.Config{Name: "strings", Version: "1.0.0"})
	require.NoError(t, err)
	defer func() { _ = svc.Stop() }()
	require.NoError(t, svc.AddGroup("strings").AddEndpoint("upper", micro.HandlerFunc(func(r micro.Request) {
		if strings.Contains(string(r.Data()), `""`) {
			_ = r.Error("400", "empty string", nil)
			return
		}
		_ = r.Respond([]byte(`{"s":"A"}`))
	})))
	require.NoError(t, conn.FlushWithContext(within(t)))
	var c Strings
	connect(t, ns, &c)
	got, err := c.Upper(t.Context(), Text{"a"})
	require.NoError(t, err)
	require.Equal(t, Text{"A"}, got)
	_, err = c.Upper(t.Context(), Text{""})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.Equal(t, "empty string", endpoint.ErrorOf(err).Message())
	require.NotErrorIs(t, err, ErrEmpty)
}
