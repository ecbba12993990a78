package jwtx_test

import (
	"context"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/auth/jwtx"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type room struct{ Name string }

// rooms is a service with one operation.
type rooms struct {
	Save endpoint.Endpoint[room, room]

	users  *auth.Bearer[user]
	served atomic.Int64
}

func newRooms() *rooms {
	r := &rooms{users: &auth.Bearer[user]{Name: "users", Format: "JWT"}}
	r.Save = func(ctx context.Context, _ room) (room, error) {
		r.served.Add(1)
		u, _ := r.users.From(ctx)
		return room{u.name}, nil
	}
	return r
}

func (r *rooms) HTTP(routes *httpx.Routes) {
	routes.POST("/save", &r.Save, httpx.Requires(r.users.Scope("rooms:write")))
}

func (r *rooms) GRPC(m *grpcx.Methods) {
	m.Service("auth.Rooms")
	m.Unary("Save", &r.Save, grpcx.Requires(r.users.Scope("rooms:write")))
}

// An outcome is the answer to a call whose message cannot be decoded.
type outcome struct {
	code      endpoint.Code
	challenge string
	reads     int64 // of the body
}

// wires serve rooms, and return what makes a call with values of Authorization.
func wires() map[string]func(t *testing.T, r *rooms, layer endpoint.Layer) func(t *testing.T, values []string) outcome {
	return map[string]func(*testing.T, *rooms, endpoint.Layer) func(*testing.T, []string) outcome{
		"HTTP/1": func(t *testing.T, r *rooms, layer endpoint.Layer) func(*testing.T, []string) outcome {
			t.Helper()
			return overHTTP(t, r, layer, false)
		},
		"HTTP/2": func(t *testing.T, r *rooms, layer endpoint.Layer) func(*testing.T, []string) outcome {
			t.Helper()
			return overHTTP(t, r, layer, true)
		},
		"gRPC": overGRPC,
	}
}

// counting counts the reads of a body.
type counting struct {
	io.ReadCloser

	reads *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.ReadCloser.Read(p)
}

func overHTTP(t *testing.T, r *rooms, layer endpoint.Layer, h2 bool) func(t *testing.T, values []string) outcome {
	t.Helper()
	var reads atomic.Int64
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, r, httpx.Use(layer)))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = counting{r.Body, &reads}
		mux.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = h2
	if h2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return func(t *testing.T, values []string) outcome {
		t.Helper()
		before := reads.Load()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/save", strings.NewReader("{"))
		require.NoError(t, err)
		q.Header["Authorization"] = values
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Expect", "100-continue") // the server would drop a body that has come
		resp, err := server.Client().Do(q)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		code := map[int]endpoint.Code{
			401: endpoint.Unauthenticated, 403: endpoint.PermissionDenied, 400: endpoint.InvalidArgument, 503: endpoint.Unavailable,
		}[resp.StatusCode]
		return outcome{code, resp.Header.Get("WWW-Authenticate"), reads.Load() - before}
	}
}

// raw is a codec of gRPC for bytes as they are.
type raw struct{}

func (raw) Name() string                       { return "json" }
func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }

func overGRPC(t *testing.T, r *rooms, layer endpoint.Layer) func(t *testing.T, values []string) outcome {
	t.Helper()
	s := grpc.NewServer()
	require.NoError(t, grpcx.Register(s, r, grpcx.Use(layer)))
	listener := endpointtest.NewListener()
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///rooms", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return listener.Dial(ctx, "tcp", "")
	}), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close()
		s.Stop()
		require.NoError(t, <-done)
	})
	return func(t *testing.T, values []string) outcome {
		t.Helper()
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{"authorization": values})
		var out []byte
		var trailer metadata.MD
		err := conn.Invoke(ctx, "/auth.Rooms/Save", []byte("{"), &out, grpc.ForceCodec(raw{}), grpc.Trailer(&trailer))
		return outcome{code: endpoint.Code(status.Code(err)), challenge: strings.Join(trailer.Get("www-authenticate"), "")}
	}
}

// attacks returns values of Authorization that are refused.
func attacks(t *testing.T, i *issuer, rs *rsa.PrivateKey) map[string][]string {
	t.Helper()
	own := newEC(t, elliptic.P256())
	i.set(nil, jwk(t, "rs", rs, nil), jwk(t, "es", own, nil))
	good := i.token(t, "rs", rs, nil)
	parts := strings.Split(good, ".")
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	der, err := x509.MarshalPKIXPublicKey(rs.Public())
	require.NoError(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	stranger := newRSA(t, 2048)
	hour := time.Hour
	bearer := func(token string) []string { return []string{"Bearer " + token} }
	with := func(changes map[string]any) []string { return bearer(i.token(t, "rs", rs, changes)) }
	headed := func(header map[string]any) []string {
		return bearer(sign(t, jwt.SigningMethodRS256, header, i.claimsOf(nil), rs))
	}
	shared := func(secret []byte) []string {
		return bearer(sign(t, jwt.SigningMethodHS256, map[string]any{"kid": "rs"}, i.claimsOf(nil), secret))
	}
	return map[string][]string{
		"missing":                          nil,
		"no token":                         {"Bearer"},
		"empty":                            {"Bearer "},
		"empty parts":                      {"Bearer .."},
		"malformed":                        {"Bearer a.b"},
		"not base64":                       {"Bearer " + parts[0] + "." + parts[1] + "=." + parts[2]},
		"not JSON":                         {"Bearer " + b64("{") + "." + b64("{") + "." + parts[2]},
		"a long header":                    headed(map[string]any{"kid": "rs", "x": strings.Repeat("x", 1100)}),
		"null":                             {"Bearer " + parts[0] + "." + b64("null") + "." + parts[2]},
		"encrypted":                        {"Bearer " + good + ".a.b"},
		"doubled":                          {"Bearer " + good, "Bearer " + good},
		"expired":                          with(map[string]any{"exp": time.Now().Add(-hour).Unix()}),
		"no expiry":                        with(map[string]any{"exp": nil}),
		"expiry of text":                   with(map[string]any{"exp": "never"}),
		"not yet valid":                    with(map[string]any{"nbf": time.Now().Add(hour).Unix()}),
		"foreign audience":                 with(map[string]any{"aud": "shop"}),
		"no audience":                      with(map[string]any{"aud": nil}),
		"foreign issuer":                   with(map[string]any{"iss": "https://evil.example.com"}),
		"no issuer":                        with(map[string]any{"iss": nil}),
		"claims of another kind":           with(map[string]any{"sub": 1}),
		"revoked":                          with(map[string]any{"jti": "revoked"}),
		"claim twice":                      bearer(signed(t, rs, `{"alg":"RS256","kid":"rs"}`, strings.Replace(decoded(t, parts[1]), `{`, `{"aud":"shop",`, 1))),
		"algorithm none":                   bearer(sign(t, jwt.SigningMethodNone, map[string]any{"kid": "rs"}, i.claimsOf(nil), jwt.UnsafeAllowNoneSignatureType)),
		"algorithm NONE":                   {"Bearer " + b64(`{"alg":"NONE","kid":"rs"}`) + "." + parts[1] + "."},
		"no algorithm":                     {"Bearer " + b64(`{"kid":"rs"}`) + "." + parts[1] + "." + parts[2]},
		"HS with the RS key":               shared(public),
		"HS with its DER":                  shared(der),
		"HS with its modulus":              shared(rs.N.Bytes()),
		"HS with nothing":                  shared([]byte{}),
		"HS without a kid":                 bearer(sign(t, jwt.SigningMethodHS256, nil, i.claimsOf(nil), public)),
		"RS with the EC kid":               bearer(sign(t, jwt.SigningMethodRS256, map[string]any{"kid": "es"}, i.claimsOf(nil), rs)),
		"EC with the RS kid":               bearer(sign(t, jwt.SigningMethodES256, map[string]any{"kid": "rs"}, i.claimsOf(nil), own)),
		"unknown kid":                      headed(map[string]any{"kid": "gone"}),
		"empty kid":                        headed(map[string]any{"kid": ""}),
		"kid of another kind":              headed(map[string]any{"kid": 1}),
		"very long kid":                    headed(map[string]any{"kid": strings.Repeat("k", 1000)}),
		"another key":                      bearer(i.token(t, "rs", stranger, nil)),
		"its own key":                      bearer(sign(t, jwt.SigningMethodRS256, map[string]any{"kid": "rs", "jwk": jwk(t, "rs", stranger, nil)}, i.claimsOf(nil), stranger)),
		"keys of a stranger":               bearer(sign(t, jwt.SigningMethodRS256, map[string]any{"kid": "rs", "jku": "https://evil.example.com/keys"}, i.claimsOf(nil), stranger)),
		"critical header":                  headed(map[string]any{"kid": "rs", "crit": []string{"b64"}, "b64": false}),
		"another signature":                {"Bearer " + parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))},
		"a signature as it may be written": {"Bearer " + good[:len(good)-1] + next(good[len(good)-1])},
		"no signature":                     {"Bearer " + parts[0] + "." + parts[1] + "."},
		"other claims":                     {"Bearer " + parts[0] + "." + b64(strings.Replace(decoded(t, parts[1]), "ann", "bob", 1)) + "." + parts[2]},
		"longer than is accepted":          {"Bearer " + good + strings.Repeat("A", 8<<10)},
	}
}

// signed returns a token whose header and claims are as they are given.
func signed(t *testing.T, key *rsa.PrivateKey, header, claims string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sig, err := jwt.SigningMethodRS256.Sign(text, key)
	require.NoError(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// next returns the digit of base64 whose last bit, which is not part of a signature, differs
// from that of c.
func next(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)^1:][:1]
}

func decoded(t *testing.T, part string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	return string(data)
}

// TestAttacks sends each token over each transport. The handler is not reached, and the
// message, which would be a fault, not decoded.
func TestAttacks(t *testing.T) {
	t.Parallel()
	rs := newRSA(t, 2048)
	i := newIssuer(t)
	tokens := attacks(t, i, rs)
	for name, serve := range wires() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newRooms()
			call := serve(t, service, service.users.Verify(i.verifier(t)))
			for attack, values := range tokens {
				got := call(t, values)
				want := `Bearer realm="users", error="invalid_token"`
				if values == nil { // RFC 6750 §3.1: no error code for a request without credentials
					want = `Bearer realm="users"`
				}
				if !strings.HasPrefix(got.challenge, want) || values == nil && strings.Contains(got.challenge, "error") {
					t.Errorf("%s: challenge %q, want %q", attack, got.challenge, want)
				}
				if got.code != endpoint.Unauthenticated || got.reads != 0 {
					t.Errorf("%s: code %v, reads %d; want %v and none", attack, got.code, got.reads, endpoint.Unauthenticated)
				}
			}
			read := call(t, []string{"Bearer " + i.token(t, "rs", rs, map[string]any{"scope": "rooms:read"})})
			require.Equal(t, endpoint.PermissionDenied, read.code)
			require.Contains(t, read.challenge, `error="insufficient_scope", scope="rooms:write"`)
			require.Zero(t, read.reads)
			require.Equal(t, endpoint.InvalidArgument, call(t, []string{"Bearer " + i.token(t, "rs", rs, nil)}).code, "the message is decoded")
			require.Zero(t, service.served.Load())
		})
	}
}

// TestNoIssuer calls a server whose issuer does not answer. That is not the caller's fault.
func TestNoIssuer(t *testing.T) {
	t.Parallel()
	es := newEC(t, elliptic.P256())
	i := newIssuer(t)
	i.set(down)
	for name, serve := range wires() {
		service := newRooms()
		call := serve(t, service, service.users.Verify(i.verifier(t)))
		require.Equal(t, outcome{code: endpoint.Unavailable}, call(t, []string{"Bearer " + i.token(t, "1", es, nil)}), name)
		require.Equal(t, endpoint.Unauthenticated, call(t, nil).code, name)
		require.Equal(t, endpoint.Unauthenticated, call(t, []string{"Bearer ?"}).code, name)
		require.Zero(t, service.served.Load())
	}
}

// TestServed has valid tokens of every kind of key reach the handler.
func TestServed(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	rs, es, es384, es512, ed := newRSA(t, 2048), newEC(t, elliptic.P256()), newEC(t, elliptic.P384()), newEC(t, elliptic.P521()), newEd(t)
	i.set(nil, jwk(t, "1", rs, nil), jwk(t, "2", es, map[string]any{"alg": "ES256"}), jwk(t, "3", es384, nil), jwk(t, "4", es512, nil),
		jwk(t, "5", ed, map[string]any{"key_ops": []string{"verify"}}))
	service := newRooms()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, service, httpx.Use(service.users.Verify(i.verifier(t)))))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for name, token := range map[string]string{
		"RS256":           i.token(t, "1", rs, nil),
		"PS512":           sign(t, jwt.SigningMethodPS512, map[string]any{"kid": "1"}, i.claimsOf(nil), rs),
		"ES256":           i.token(t, "2", es, nil),
		"ES384":           i.token(t, "3", es384, nil),
		"ES512":           i.token(t, "4", es512, nil),
		"EdDSA":           i.token(t, "5", ed, nil),
		"without a kid":   sign(t, jwt.SigningMethodEdDSA, nil, i.claimsOf(nil), ed),
		"a single aud":    i.token(t, "5", ed, map[string]any{"aud": "rooms"}),
		"a list of scope": i.token(t, "5", ed, map[string]any{"scope": []string{"rooms:write"}}),
		"within leeway":   i.token(t, "5", ed, map[string]any{"exp": time.Now().Add(-20 * time.Second).Unix(), "nbf": time.Now().Add(20 * time.Second).Unix()}),
	} {
		c := &rooms{users: service.users}
		require.NoError(t, httpx.Client(httpx.To(server.URL), c, httpx.Use(service.users.Send(auth.Static(token)))))
		got, err := c.Save(t.Context(), room{})
		require.NoError(t, err, name)
		require.Equal(t, room{"ann"}, got)
	}
	require.Equal(t, 1, i.fetched())
}

// TestTokenOptions verifies tokens by the options that name what they must have.
func TestTokenOptions(t *testing.T) {
	t.Parallel()
	rs, es := newRSA(t, 2048), newEC(t, elliptic.P256())
	i := newIssuer(t, jwk(t, "rs", rs, nil), jwk(t, "es", es, nil))
	typed := func(typ any) string {
		return sign(t, jwt.SigningMethodES256, map[string]any{"kid": "es", "typ": typ}, i.claimsOf(nil), es)
	}
	for name, tt := range map[string]struct {
		opts  []jwtx.Option
		token string
		want  string
	}{
		"its algorithm":     {[]jwtx.Option{jwtx.Algorithms("ES256")}, i.token(t, "es", es, nil), ""},
		"another algorithm": {[]jwtx.Option{jwtx.Algorithms("ES256")}, i.token(t, "rs", rs, nil), "signature is invalid"},
		"its type":          {[]jwtx.Option{jwtx.TokenType("at+jwt")}, typed("Application/AT+JWT"), ""},
		"another type":      {[]jwtx.Option{jwtx.TokenType("at+jwt")}, typed("JWT"), "not of the type at+jwt"},
		"no type":           {[]jwtx.Option{jwtx.TokenType("at+jwt")}, typed(nil), "not of the type at+jwt"},
		"another issuer":    {[]jwtx.Option{jwtx.PassOthers()}, i.token(t, "es", es, map[string]any{"iss": "https://b"}), auth.ErrOther.Error()},
		"no leeway":         {[]jwtx.Option{jwtx.Leeway(0)}, i.token(t, "es", es, map[string]any{"exp": time.Now().Add(-time.Second).Unix()}), "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := i.verifier(t, tt.opts...)(t.Context(), tt.token)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, name == "another issuer", errors.Is(err, auth.ErrOther))
		})
	}
}

// TestNoQuotes has errors that quote nothing of a token but the kid, because they go into
// logs.
func TestNoQuotes(t *testing.T) {
	t.Parallel()
	rs := newRSA(t, 2048)
	i := newIssuer(t)
	tokens := attacks(t, i, rs)
	verify := i.verifier(t)
	for attack, values := range tokens {
		if len(values) == 0 || !strings.HasPrefix(values[0], "Bearer ") {
			continue
		}
		token := strings.TrimPrefix(values[0], "Bearer ")
		_, _, err := verify(t.Context(), token)
		if attack == "doubled" {
			require.NoError(t, err)
			continue
		}
		require.Error(t, err, attack)
		require.NotContains(t, err.Error(), "\n", attack)
		require.Less(t, len(err.Error()), 400, attack)
		secrets := append(strings.Split(token, "."), "evil", "never", "ann")
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, part := range secrets {
				if len(part) > 2 {
					require.NotContains(t, e.Error(), part, attack)
				}
			}
		}
	}
}

// FuzzToken changes tokens. None but those that were signed is valid.
func FuzzToken(f *testing.F) {
	es := newEC(f, elliptic.P256())
	i := newIssuer(f, jwk(f, "es", es, nil))
	verify := i.verifier(f)
	good := i.token(f, "es", es, nil)
	parts := strings.Split(good, ".")
	for _, token := range []string{
		good, "", "..", "a.b.c", parts[0] + "." + parts[1] + ".", good + ".", good + "=", "null.null.null",
		sign(f, jwt.SigningMethodHS256, map[string]any{"kid": "es"}, i.claimsOf(nil), []byte("es")),
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		u, _, err := verify(t.Context(), token)
		if valid := strings.NewReplacer("\r", "", "\n", "").Replace(token) == good; valid != (err == nil) {
			t.Errorf("%q is valid: %v (%v), want %v", token, err == nil, err, valid)
		}
		if err != nil && u != (user{}) {
			t.Errorf("%q returns %v beside an error", token, u)
		}
	})
}
