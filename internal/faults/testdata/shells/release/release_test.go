// Package x shows where httpx and grpcx, which copy the same code, have drifted
// apart. Expected: every test passes on both transports. Seen: see each test.
package x

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
)

type target struct {
	*httpx.Conn
	acquired, released int
}

func (t *target) Acquire(ctx context.Context) (*httpx.Conn, endpoint.Token, error) {
	t.acquired++
	return t.Conn.Acquire(ctx)
}
func (t *target) Release(endpoint.Token, error) { t.released++ }

type Bad struct {
	S Panics `json:"s"`
}
type Panics string

func (Panics) MarshalText() ([]byte, error) { panic("marshal") }
func (p *Panics) UnmarshalText([]byte) error { return nil }

type Out struct{}

type Svc struct {
	Call endpoint.Endpoint[Bad, Out]
}

func (s *Svc) HTTP(r *httpx.Routes) { r.POST("/call", &s.Call) }

// endpoint.Target: "Release gives the outcome of the attempt back, once for each
// Acquire that succeeded". Expected: released == acquired also after a panic of
// the user's MarshalText (grpcx/client.go defers Release; httpx/client.go:86 does not).
func TestReleaseAfterPanicInRequest(t *testing.T) {
	to := &target{Conn: httpx.To("http://127.0.0.1:1")}
	var c Svc
	if err := httpx.Client(to, &c); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { t.Log("recovered:", recover()) }()
		_, err := c.Call(t.Context(), Bad{S: "x"})
		t.Log("err:", err)
	}()
	if to.acquired != to.released {
		t.Errorf("acquired %d, released %d: Release must run once for each Acquire", to.acquired, to.released)
	}
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("transport") }

type Empty struct{}
type Svc2 struct {
	Call endpoint.Endpoint[Empty, Out]
}

func (s *Svc2) HTTP(r *httpx.Routes) { r.POST("/call", &s.Call) }

// The same through a pool: the member's Pending count stays at 1 for ever, so
// LeastRequest avoids it and a member that is gone is never closed.
func TestPoolAfterPanicInTransport(t *testing.T) {
	conn := httpx.To("http://127.0.0.1:1", httpx.HTTPClient(&http.Client{Transport: panicking{}}))
	var seen []*discover.Member
	pool := discover.Of([]*httpx.Conn{conn}, discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
		seen = set
		return firstPicker{}
	})))
	var c Svc2
	if err := httpx.Client(pool, &c); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { t.Log("recovered:", recover()) }()
		_, err := c.Call(t.Context(), Empty{})
		t.Log("err:", err)
	}()
	if n := seen[0].Pending(); n != 0 {
		t.Errorf("Pending() = %d after the call has ended, want 0", n)
	}
}

type firstPicker struct{}

func (firstPicker) Pick(context.Context) int { return 0 }

// grpcx/option.go:report recovers a hook that panics ("must not end the server");
// httpx/option.go:report does not. Expected: one rule for both; the client of the
// failed call still gets its problem+json.
func TestHookThatPanics(t *testing.T) {
	mux := http.NewServeMux()
	svc := &Svc2{Call: func(context.Context, Empty) (Out, error) { return Out{}, errors.New("no") }}
	err := httpx.Mount(mux, svc, httpx.ErrorHook(func(context.Context, error) { panic("hook") }))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(mux)
	defer srv.Close()
	resp, err := http.Post(srv.URL+"/call", "application/json", http.NoBody)
	if err != nil {
		t.Fatalf("the hook's panic took the answer away: %v", err)
	}
	t.Log(resp.Status)
}
