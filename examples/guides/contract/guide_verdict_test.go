package contractguide

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// bookings is a service over two transports. Its server takes a Booking; its clients in these
// tests send any JSON.
type bookings[T any] struct {
	Book endpoint.Endpoint[T, endpoint.Empty]
}

func (s *bookings[T]) HTTP(r *httpx.Routes) { r.POST("/bookings", &s.Book) }

func (s *bookings[T]) GRPC(m *grpcx.Methods) {
	m.Service("bookings")
	m.Unary("Book", &s.Book)
}

// clients returns clients of one implementation, by the names of what is between.
func clients(t *testing.T) map[string]*bookings[jsontext.Value] {
	t.Helper()
	svc := &bookings[Booking]{Book: func(context.Context, Booking) (endpoint.Empty, error) { return endpoint.Empty{}, nil }}
	all := map[string]*bookings[jsontext.Value]{"HTTP": {}, "gRPC with JSON": {}, "httpxtest": {}}

	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, svc))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	require.NoError(t, httpx.Client(httpx.To(web.URL), all["HTTP"]))

	calls := grpc.NewServer()
	require.NoError(t, grpcx.Register(calls, svc))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = calls.Serve(l)
	}()
	t.Cleanup(func() { calls.Stop(); <-served })
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, grpcx.Client(grpcx.To(conn), all["gRPC with JSON"]))

	httpxtest.Client(t, svc, all["httpxtest"])
	return all
}

// A generator makes bodies of bookings, most of whose members are valid.
type generator struct{ *rand.Rand }

// one returns one of texts of JSON, most often the first. An empty one stands for an absent
// member.
func (g generator) one(texts ...string) string {
	if g.IntN(3) > 0 {
		return texts[0]
	}
	return texts[g.IntN(len(texts))]
}

func (g generator) object(members map[string]string) string {
	o := map[string]jsontext.Value{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if text := members[name]; text != "" {
			o[name] = jsontext.Value(text)
		}
	}
	b, _ := json.Marshal(o, json.Deterministic(true))
	return string(b)
}

func (g generator) booking() string {
	stay := g.object(map[string]string{
		"from": g.one(`"2026-01-05T00:00:00Z"`, `"2026-01-07T00:00:00Z"`, `"monday"`, `null`, `5`, ``),
		"to":   g.one(`"2026-01-06T00:00:00Z"`, `"2026-01-05T00:00:00Z"`, `{}`, ``),
	})
	return g.object(map[string]string{
		"name":                   g.one(`"Sea view"`, `""`, `"é"`, `null`, `7`, ``, `"`+strings.Repeat("é", 80)+`"`, `"`+strings.Repeat("a", 81)+`"`),
		"kind":                   g.one(`"double"`, `"single"`, `"triple"`, `""`, `null`, `1`, ``),
		"seats":                  g.one(`2`, `0`, `1`, `500`, `501`, `-1`, `1.5`, `1e40`, `"2"`, `null`, ``),
		"tags":                   g.one(`["sea"]`, `[]`, `null`, `["sea","sea"]`, `["Top"]`, `[1]`, `["a","b","c","d","e","f","g","h","i","j","k"]`, `{}`, ``),
		"email":                  g.one(`"ann@example.com"`, `"ann"`, `null`, `[]`, ``),
		"stay":                   g.one(stay, stay, stay, `null`, `[]`, ``),
		g.one("more", "no-such"): g.one(``, ``, ``, ``, `1`),
	})
}

// TestVerdicts has the same verdict about a request over each transport: it is valid, or it has
// the same list of faults.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	all := clients(t)
	g := generator{rand.New(rand.NewPCG(23, 0))} //nolint:gosec // not for secrets
	valid, faults := 0, map[endpoint.Violation]int{}
	for range 400 {
		body := jsontext.Value(g.booking())
		_, err := all["HTTP"].Book(t.Context(), body)
		want := verdictOf(t, err)
		for _, name := range []string{"gRPC with JSON", "httpxtest"} {
			_, err := all[name].Book(t.Context(), body)
			require.Equal(t, want, verdictOf(t, err), "%s: %s", name, body)
		}
		if err == nil {
			valid++
		}
		for _, v := range want {
			faults[v]++
		}
	}
	require.Greater(t, valid, 20)
	require.Greater(t, len(faults), 25, "%v", faults)
}

// verdictOf returns the faults of a request that err is about.
func verdictOf(t *testing.T, err error) []endpoint.Violation {
	t.Helper()
	if err == nil {
		return nil
	}
	require.ErrorIs(t, err, httpx.ErrInvalidRequest)
	return endpoint.ErrorOf(err).Violations()
}
