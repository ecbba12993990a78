package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/internal/issuertest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestUsers runs the program for the users of an issuer, over both transports.
func TestUsers(t *testing.T) {
	t.Parallel()
	issuer := issuertest.New(t)
	p := programtest.Launch(t, programtest.Self(t), "-http-addr", free, "-grpc-addr", free, "-debug.addr", "", "-auth", issuer.URL)
	addrs := p.Addresses(t, "HTTP", "gRPC")
	conn := dial(t, addrs)
	for name, tt := range map[string]struct {
		token string
		want  error
	}{
		"a user":            {issuer.Token(t, "addsvc", "add"), nil},
		"another service's": {issuer.Token(t, "profilesvc", "add"), endpoint.ErrUnauthenticated},
		"without the scope": {issuer.Token(t, "addsvc", ""), endpoint.ErrScopeMissing},
		"malformed":         {"a.b.c", endpoint.ErrUnauthenticated},
	} {
		send := addsvc.Users.Send(auth.Static(tt.token))
		var overHTTP, overGRPC addsvc.Add
		require.NoError(t, httpx.Client(httpx.To("http://"+addrs["HTTP"]), &overHTTP, httpx.Use(send)))
		require.NoError(t, grpcx.Client(grpcx.To(conn), &overGRPC, grpcx.Use(send)))
		for _, c := range []addsvc.Add{overHTTP, overGRPC} {
			_, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
			require.ErrorIs(t, err, tt.want, name)
		}
	}
	var c addsvc.Add
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	_, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
	require.ErrorIs(t, err, endpoint.ErrUnauthenticated, "without a token")
	p.Stop(t)
	require.Regexp(t, `operation=Add.Sum transport=grpc .*enduser.id=ann`, p.Log())
}
