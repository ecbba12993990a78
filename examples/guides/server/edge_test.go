package serverguide

import (
	"flag"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

func TestEdge(t *testing.T) {
	t.Parallel()
	s := server.New("rooms")
	addPublic(s, ":0", http.NotFoundHandler())
	require.NoError(t, s.Err())
	err := addSecure(s, http.NotFoundHandler(), func(grpc.ServiceRegistrar) error { return nil })
	require.ErrorContains(t, err, "open /etc/tls/tls.crt") // not on this machine
	flags := flag.NewFlagSet("rooms", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	overHTTP, overGRPC := addresses(flags)
	require.NoError(t, flags.Parse([]string{"-http.addr=unix:/run/rooms"}))
	require.Equal(t, []string{"unix:/run/rooms", ""}, []string{*overHTTP, *overGRPC})
	require.ErrorContains(t, flags.Parse([]string{"-grpc.addr=8082"}), "-grpc.addr")
}
