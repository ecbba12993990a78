package openapi_test

import (
	"encoding/json/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
)

type caller string

func (c caller) Principal() string { return string(c) }

// The schemes of package auth.
var (
	users    = &auth.Bearer[caller]{Name: "users", Format: "JWT", Doc: "tokens of people"}
	admins   = &auth.Basic[caller]{Name: "admins"}
	byHeader = &auth.APIKey[caller]{Name: "by header", Header: "X-Key"}
	byQuery  = &auth.APIKey[caller]{Name: "byQuery", Query: "key"}
	byCookie = &auth.APIKey[caller]{Name: "byCookie", Cookie: "key"}
	machines = &auth.ClientCert[caller]{Name: "machines"}
)

// guarded has an operation for each way to require something.
type guarded struct {
	Read, Write, Open, Key endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (g *guarded) HTTP(r *httpx.Routes) {
	r.GET("/read", &g.Read)
	r.PUT("/write", &g.Write, httpx.Requires(auth.All(users.Scope("write", "all"), machines), admins))
	r.GET("/open", &g.Open, httpx.Public())
	r.GET("/key", &g.Key, httpx.Public(), httpx.Requires(byHeader, byQuery, byCookie))
}

func describeGuarded(opts ...openapi.Option) *openapi.Document {
	return openapi.New("x", "1", new(guarded), append(opts, openapi.Mounted(httpx.Requires(users)))...)
}

func TestSecurity(t *testing.T) {
	t.Parallel()
	d := describeGuarded()
	require.NoError(t, d.Err())
	for _, text := range [][]byte{d.JSON(), d.JSON32()} {
		for path, want := range map[string]string{
			"read":  `[{"users":[]}]`,
			"write": `[{"users":["write","all"],"machines":[]},{"users":[],"admins":[]}]`,
			"key":   `[{"byheader":[]},{"byQuery":[]},{"byCookie":[]}]`,
		} {
			method := "get"
			if path == "write" {
				method = "put"
			}
			var v any
			require.NoError(t, json.Unmarshal([]byte(want), &v))
			require.Equal(t, v, at(t, text, "paths", "/"+path, method, "security"), path)
		}
		require.Equal(t, []any{}, at(t, text, "security"))
		require.NotContains(t, at(t, text, "paths", "/open", "get"), "security")
		var schemes any
		require.NoError(t, json.Unmarshal([]byte(`{
			"users": {"type": "http", "description": "tokens of people", "scheme": "bearer", "bearerFormat": "JWT"},
			"admins": {"type": "http", "scheme": "basic"},
			"byheader": {"type": "apiKey", "name": "X-Key", "in": "header"},
			"byQuery": {"type": "apiKey", "name": "key", "in": "query"},
			"byCookie": {"type": "apiKey", "name": "key", "in": "cookie"},
			"machines": {"type": "mutualTLS"}
		}`), &schemes))
		require.Equal(t, schemes, at(t, text, "components", "securitySchemes"))
	}
}

// TestSecurityErrors has the answers to calls that lack what is required.
func TestSecurityErrors(t *testing.T) {
	t.Parallel()
	d := describeGuarded()
	responses := func(path, method string) map[string]any {
		return at(t, d.JSON(), "paths", path, method, "responses").(map[string]any)
	}
	require.Contains(t, responses("/read", "get"), "401")
	require.NotContains(t, responses("/read", "get"), "403")
	require.Contains(t, responses("/write", "put"), "403")
	require.NotContains(t, responses("/open", "get"), "401")
	challenge := []string{"headers", "WWW-Authenticate", "description"}
	require.Equal(t, "Asks for credentials: Bearer, Basic.", at(t, d.JSON(), append([]string{"paths", "/write", "put", "responses", "401"}, challenge...)...))
	require.Equal(t, "UNAUTHENTICATED", at(t, d.JSON(), "paths", "/read", "get", "responses", "401", "content", "application/problem+json", "examples", "endpoint.UNAUTHENTICATED", "value", "reason"))
}

// odd is a scheme that no document has words for.
type odd struct{ name string }

func (o *odd) Needs() endpoint.Needs             { return endpoint.Needs{{Scheme: o}} }
func (o *odd) Info() endpoint.SchemeInfo         { return endpoint.SchemeInfo{Name: o.name, Type: "magic"} }
func (o *odd) Challenge(string, []string) string { return "" }

func TestSecurityFaults(t *testing.T) {
	t.Parallel()
	twin := &auth.Basic[caller]{Name: "users"}
	d := openapi.New("x", "1", of[endpoint.Empty, endpoint.Empty]("GET", "/x", httpx.Requires(users, twin, &odd{"o"}, &odd{"?"})))
	for _, want := range []string{
		`solo.Do requires a scheme whose name in a document would be "users", as that of another scheme`,
		`requires the scheme o, whose type "magic" a document has no words for`,
		`requires a scheme whose name in a document would be ""`,
	} {
		require.ErrorContains(t, d.Err(), want)
	}
}

// TestSecurityDiff has what a change of requirements means for the callers of before.
func TestSecurityDiff(t *testing.T) {
	t.Parallel()
	doc := func(opts ...httpx.RouteOption) *openapi.Document {
		d := openapi.New("x", "1", of[endpoint.Empty, endpoint.Empty]("GET", "/x", append(opts, httpx.Named("s"))...),
			openapi.And(of[endpoint.Empty, endpoint.Empty]("GET", "/y", httpx.Named("t"), httpx.Requires(users))))
		require.NoError(t, d.Err())
		return d
	}
	for name, tt := range map[string]struct {
		before, after []endpoint.Requirement
		want          []string
	}{
		"required now": {nil, []endpoint.Requirement{users}, []string{
			"breaking: GET /x: a call without credentials is no longer enough; it requires users",
		}},
		"for everybody now": {[]endpoint.Requirement{users}, nil, []string{"harmless: GET /x: a call without credentials is enough now"}},
		"another scope": {[]endpoint.Requirement{users}, []endpoint.Requirement{users.Scope("a"), admins}, []string{
			"breaking: GET /x: users is no longer enough; it requires users (a) or admins",
			"harmless: GET /x: admins is enough now",
		}},
		"a scope less":     {[]endpoint.Requirement{users.Scope("a", "b")}, []endpoint.Requirement{users.Scope("b")}, []string{"harmless: GET /x: users (b) is enough now"}},
		"one more of both": {[]endpoint.Requirement{auth.All(users, admins)}, []endpoint.Requirement{admins, machines}, []string{"harmless: GET /x: admins is enough now", "harmless: GET /x: machines is enough now"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			side := func(needs []endpoint.Requirement) []byte {
				if needs == nil {
					return doc().JSON()
				}
				return doc(httpx.Requires(needs...)).JSON()
			}
			changes, err := openapi.Diff(side(tt.before), side(tt.after))
			require.NoError(t, err)
			got := []string{}
			for _, c := range changes {
				if c.Where == "GET /x" {
					got = append(got, c.String())
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}
