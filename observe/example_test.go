package observe_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
)

type (
	byID struct {
		ID string `path:"id"`
	}
	profile struct {
		ID    string `json:"id"`
		Email string `json:"email" log:"redact"`
	}
	profiles struct {
		Get endpoint.Endpoint[byID, profile]
	}
)

func (p *profiles) HTTP(r *httpx.Routes) { r.GET("/profiles/{id}", &p.Get, httpx.Fails(errMissing)) }

func get(_ context.Context, req byID) (profile, error) {
	if req.ID != "1" {
		return profile{}, errMissing
	}
	return profile{ID: "1", Email: "ann@example.com"}, nil
}

// newPrinter returns a slog.Logger that prints, without what differs from run to
// run.
func newPrinter(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "duration", "network.peer.address", "network.peer.port":
				return slog.Attr{}
			}
			return a
		},
	}))
}

// Logs, request ids and an objective for a service, in one layer.
func ExampleNew() {
	logger := observe.NewLogger(newPrinter(slog.LevelInfo))
	slo := observe.NewSLO(observe.Objective{Availability: 0.999})
	telemetry := observe.New(observe.NewRequestIDs(), logger, slo)
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &profiles{Get: get}, httpx.Use(telemetry)); err != nil {
		panic(err)
	}
	r := httptest.NewRequestWithContext(context.Background(), "GET", "/profiles/2", nil)
	r.Header.Set("X-Request-Id", "abc")
	mux.ServeHTTP(httptest.NewRecorder(), r)
	fmt.Println(slo.Status()[0].Availability.Total, slo.Status()[0].Availability.Bad)
	// Output:
	// level=INFO msg=call endpoint.operation=profiles.Get transport=http side=server http.request.method=GET http.route=/profiles/{id} rpc.response.status_code=NOT_FOUND http.response.status_code=404 http.response.body.size=140 request_id=abc error.type=NOT_FOUND endpoint.error=profiles/MISSING error.message="no such profile"
	// 1 0
}

// One layer of parts around an endpoint that belongs to no service.
func ExampleTelemetry_Wrap() {
	telemetry := observe.New(observe.NewLogger(newPrinter(slog.LevelInfo)), observe.NewExpvar(new(expvar.Map)))
	e := endpoint.Chain(get, telemetry.Wrap)
	_, _ = e(context.Background(), byID{"1"})
	// Output: level=INFO msg=call rpc.response.status_code=OK
}

// Outside of what repeats, a part sees calls; by Attempts it sees each attempt,
// too. Logger writes them at slog.LevelDebug.
func ExampleTelemetry_Attempts() {
	mux := http.NewServeMux()
	down := endpoint.Errorf(endpoint.Unavailable, "down")
	err := httpx.Mount(mux, &profiles{Get: func(context.Context, byID) (profile, error) { return profile{}, down }})
	server := httptest.NewServer(mux)
	defer server.Close()

	logger := observe.NewLogger(newPrinter(slog.LevelDebug))
	var c profiles
	err = errors.Join(err, httpx.Client(httpx.To(server.URL), &c, httpx.Use(logger, thrice{}, logger.Attempts()))) // thrice is a retry
	if err != nil {
		panic(err)
	}
	_, _ = c.Get(context.Background(), byID{"1"})
	// Output:
	// level=DEBUG msg=attempt endpoint.operation=profiles.Get transport=http side=client http.request.method=GET http.route=/profiles/{id} rpc.response.status_code=UNAVAILABLE http.response.status_code=503 http.response.body.size=102 attempt=1 error.type=UNAVAILABLE error.message=down
	// level=DEBUG msg=attempt endpoint.operation=profiles.Get transport=http side=client http.request.method=GET http.route=/profiles/{id} rpc.response.status_code=UNAVAILABLE http.response.status_code=503 http.response.body.size=102 attempt=2 error.type=UNAVAILABLE error.message=down
	// level=DEBUG msg=attempt endpoint.operation=profiles.Get transport=http side=client http.request.method=GET http.route=/profiles/{id} rpc.response.status_code=UNAVAILABLE http.response.status_code=503 http.response.body.size=102 attempt=3 error.type=UNAVAILABLE error.message=down
	// level=WARN msg=call endpoint.operation=profiles.Get transport=http side=client http.request.method=GET http.route=/profiles/{id} rpc.response.status_code=UNAVAILABLE http.response.status_code=503 http.response.body.size=102 error.type=UNAVAILABLE error.message=down
}

// A Logger that writes errors, and of all else at most a hundred records a
// second, and one of a hundred above.
func ExampleNewLogger() {
	logger := observe.NewLogger(newPrinter(slog.LevelInfo), observe.Sample(100, 100))
	e := endpoint.Chain(get, logger.Wrap)
	_, _ = e(context.Background(), byID{"1"})
	_, _ = e(context.Background(), byID{"2"})
	// Output:
	// level=INFO msg=call rpc.response.status_code=OK
	// level=INFO msg=call rpc.response.status_code=NOT_FOUND error.type=NOT_FOUND endpoint.error=profiles/MISSING error.message="no such profile"
}

// Quiet successes: the level is the user's.
func ExampleLevels() {
	logger := observe.NewLogger(newPrinter(slog.LevelInfo), observe.Levels(func(o *observe.Observation) slog.Level {
		if o.Code == endpoint.OK {
			return slog.LevelDebug
		}
		return observe.LevelOf(o)
	}))
	e := endpoint.Chain(get, logger.Wrap)
	_, _ = e(context.Background(), byID{"1"})
	_, _ = e(context.Background(), byID{"2"})
	// Output: level=INFO msg=call rpc.response.status_code=NOT_FOUND error.type=NOT_FOUND endpoint.error=profiles/MISSING error.message="no such profile"
}

// The values of one endpoint, for those who look for a fault: what is tagged
// stays out.
func ExampleValues_Wrap() {
	logger := observe.NewLogger(newPrinter(slog.LevelDebug))
	e := endpoint.Chain(get, logger.Values().Wrap)
	_, _ = e(context.Background(), byID{"1"})
	// Output: level=DEBUG msg=values request="{\"ID\":\"1\"}" response="{\"id\":\"1\",\"email\":\"[REDACTED]\"}"
}

// A value in the text of an error is logged with the error, whatever the tag of
// its field says. Keep secrets out of errors.
func ExampleValues_Wrap_incorrect() {
	login := func(_ context.Context, p profile) (bool, error) {
		return false, errors.New("no user " + p.Email)
	}
	logger := observe.NewLogger(newPrinter(slog.LevelDebug))
	_, _ = endpoint.Chain(login, logger.Values().Wrap)(context.Background(), profile{Email: "ann@example.com"})
	// Output: level=DEBUG msg=values request="{\"id\":\"\",\"email\":\"[REDACTED]\"}" error.type=INTERNAL error.message="no user ann@example.com"
}

// The events of policies, pools and servers, by their option OnEvent.
func ExampleLogger_Event() {
	logger := observe.NewLogger(newPrinter(slog.LevelInfo))
	onEvent := logger.Event // resilience.OnEvent(logger.Event)
	onEvent(context.Background(), endpoint.Event{Source: "breaker", Name: "db", Kind: "opened", Err: errors.New("down")})
	// Output: level=WARN msg=event endpoint.source=breaker endpoint.kind=opened endpoint.name=db error.type=INTERNAL error.message=down
}

// Each request has an id: the caller's, or a new one.
func ExampleNewRequestIDs() {
	mux := http.NewServeMux()
	err := httpx.Mount(mux, &profiles{Get: func(ctx context.Context, req byID) (profile, error) {
		fmt.Println(observe.RequestID(ctx))
		return get(ctx, req)
	}}, httpx.Use(observe.NewRequestIDs()))
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequestWithContext(context.Background(), "GET", "/profiles/1", nil)
	r.Header.Set("X-Request-Id", "abc")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Header().Get("X-Request-Id"))
	// Output:
	// abc
	// abc
}

// An objective for every operation, and another one for those that match.
func ExampleNewSLO() {
	slo := observe.NewSLO(
		observe.Objective{Availability: 0.999, Latency: 100 * time.Millisecond, LatencyRatio: 0.99},
		observe.Promise(func(op *endpoint.Operation) bool { return op.Name == "Search" }, observe.Objective{Availability: 0.99}),
	)
	down := endpoint.Chain(func(context.Context, byID) (profile, error) { return profile{}, errors.New("down") }, slo.Wrap)
	for range 10 {
		_, _ = down(context.Background(), byID{})
	}
	for _, st := range slo.Burning() { // for a health check
		alert, _ := st.Availability.Alert()
		fmt.Printf("good %.3f, burns %.0f times too fast over %v\n", st.Availability.Good(), alert.LongRate, alert.Long)
	}
	// Output: good 0.000, burns 1000 times too fast over 1h0m0s
}

// What was promised and what was measured, for the metadata of an instance in a
// registry.
func ExampleSLO_Metadata() {
	slo := observe.NewSLO(observe.Objective{Availability: 0.999})
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &profiles{Get: get}, httpx.Use(slo)); err != nil {
		panic(err)
	}
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), "GET", "/profiles/1", nil))
	fmt.Println(slo.Metadata())
	// Output: map[sli.profiles.Get.availability:1 slo.profiles.Get.availability:0.999]
}

// Figures of calls at /debug/vars, in a map that the user published.
func ExampleNewExpvar() {
	figures := new(expvar.Map) // expvar.NewMap("calls") publishes one
	calls := observe.NewExpvar(figures)
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &profiles{Get: get}, httpx.Use(calls)); err != nil {
		panic(err)
	}
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), "GET", "/profiles/1", nil))
	figures.Do(func(entry expvar.KeyValue) { fmt.Println(entry.Key) })
	// Output: server http profiles.Get
}

// Figures of calls to a statsd server. Run sends them; calls never wait for it.
func ExampleNewStatsD() {
	server, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer server.Close()
	statsd := observe.NewStatsD(server.LocalAddr().String(), observe.StatsDPrefix("shop"), observe.StatsDTag("env", "test"))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- statsd.Run(ctx) }()

	_, _ = endpoint.Chain(get, statsd.Wrap)(ctx, byID{"1"})

	stop()
	fmt.Println(<-done)
	packet := make([]byte, 1500)
	for sums := ""; !strings.Contains(sums, "calls"); { // the durations come in a packet before
		n, _, err := server.ReadFrom(packet)
		if err != nil {
			panic(err)
		}
		if sums = string(packet[:n]); strings.Contains(sums, "calls") {
			fmt.Print(sums)
		}
	}
	// Output:
	// <nil>
	// shop.local.calls:1|c|#env:test,code:OK
	// shop.local.in_flight:0|g|#env:test
}
