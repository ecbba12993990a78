package testcert_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/testcert"
)

func TestIssue(t *testing.T) {
	t.Parallel()
	a, err := testcert.NewAuthority()
	require.NoError(t, err)
	for _, serial := range []int64{2, 3} {
		end := time.Now().Add(time.Hour)
		pair, err := a.Issue("x", end)
		require.NoError(t, err)
		c, err := pair.TLS()
		require.NoError(t, err)
		require.Equal(t, serial, c.Leaf.SerialNumber.Int64())
		require.WithinDuration(t, end, c.Leaf.NotAfter, time.Second)
		_, err = c.Leaf.Verify(x509.VerifyOptions{DNSName: "x", Roots: a.Pool()})
		require.NoError(t, err)
	}
}
