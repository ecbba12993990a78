package openapipage_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/openapipage"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	policy := func(connect string) string {
		return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src " + connect + "; img-src data:; " +
			"frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	}
	for want, servers := range map[string][]string{
		"'self'":                       nil,
		"'self' https://a.example":     {"https://a.example/v1", "https://A.example/v2?x#y"},
		"'self' http://[::1]:8080":     {"http://[::1]:8080"},
		"'self' http://b https://b:81": {"http://b", "https://b:81/"},
	} {
		got := ask(page(t, openapipage.Config{Document: "a.json", Servers: servers}), "GET", "/api/docs/")
		require.Equal(t, policy(want), got.Header().Get("Content-Security-Policy"))
	}
}

func TestPolicyFaults(t *testing.T) {
	t.Parallel()
	for _, server := range []string{
		"", "/v1", "//a.example", "ftp://a.example", "https://", "https://*", "https://*.example", "https://a;script-src b",
		"https://a,b", "https://{region}.example", "https://a b", "javascript:alert(1)", "https:a", "https://'self'",
	} {
		_, err := openapipage.New(openapipage.Config{Path: "/docs", Document: "a.json", Servers: []string{server}})
		require.Error(t, err, server)
		require.ErrorContains(t, err, "the URL of a server", server)
	}
}
