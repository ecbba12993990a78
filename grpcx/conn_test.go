package grpcx_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// TestDialerFaults has wrong arguments of Dialer, which each dial reports.
func TestDialerFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		creds credentials.TransportCredentials
		opts  []grpc.DialOption
		want  string
	}{
		"no credentials": {nil, nil, "grpcx: Dialer: the credentials are nil"},
		"a nil option":   {insecure.NewCredentials(), []grpc.DialOption{grpc.WithUserAgent("x"), nil}, "grpcx: Dialer: a nil option"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := grpcx.Dialer(tt.creds, tt.opts...)(t.Context(), "10.0.0.1:8081")
			require.ErrorContains(t, err, tt.want)
			require.Nil(t, conn)
		})
	}
}
