// Package observeguide holds the pieces that docs/observability.md shows of what
// needs no library: a service that logs, keeps an objective and tells its figures.
package observeguide

import (
	"context"
	"encoding/json/v2"
	"errors"
	"expvar"
	"log/slog"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
)

// snippet: service

// A Login is a secret, and is marked where it is declared.
type Login struct {
	User     string `json:"user"`
	Password string `json:"password" log:"redact"`
	Device   string `header:"X-Device" log:"-"`
}

type Session struct {
	User  string `json:"user"`
	Token string `json:"token" log:"redact"`
}

var ErrDenied = endpoint.Define(endpoint.Unauthenticated, "accounts", "DENIED", "wrong user or password")

type Accounts struct {
	Login endpoint.Endpoint[Login, Session]
}

func (a *Accounts) HTTP(r *httpx.Routes) {
	r.POST("/login", &a.Login, httpx.Fails(ErrDenied))
}

// end snippet

// parts is what a program needs of its telemetry.
type parts struct {
	logger *observe.Logger
	slo    *observe.SLO
	vars   *observe.Expvar
	statsd *observe.StatsD
	all    *observe.Telemetry
}

// snippet: parts

func newParts(log *slog.Logger, figures *expvar.Map, statsdAddr string) *parts {
	p := &parts{
		logger: observe.NewLogger(log, observe.Sample(100, 100)),
		slo:    observe.NewSLO(observe.Objective{Availability: 0.999, Latency: 100 * time.Millisecond, LatencyRatio: 0.99}),
		vars:   observe.NewExpvar(figures),
		statsd: observe.NewStatsD(statsdAddr, observe.StatsDTag("service", "accounts")),
	}
	p.all = observe.New(observe.NewRequestIDs(), p.logger, p.slo, p.vars, p.statsd)
	return p
}

// end snippet

// snippet: mount

func newHandler(p *parts, a *Accounts) (http.Handler, error) {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, a, httpx.Use(p.all)); err != nil {
		return nil, err
	}
	mux.Handle("GET /debug/vars", expvar.Handler())
	mux.HandleFunc("GET /healthz", p.health)
	return httpx.Problems(mux, httpx.Use(p.all)), nil
}

// end snippet

// snippet: client

// dial returns a client whose log has each call, and each attempt of it.
func dial(url string, p *parts, retry endpoint.Layer) (*Accounts, error) {
	var a Accounts
	err := httpx.Client(httpx.To(url), &a, httpx.Use(p.all, retry, p.all.Attempts()))
	return &a, err
}

// end snippet

// snippet: levels

// quiet logs successes at the level Debug, and what fails as usual.
func quiet(o *observe.Observation) slog.Level {
	if o.Code == endpoint.OK {
		return slog.LevelDebug
	}
	return observe.LevelOf(o)
}

// end snippet

// snippet: attrs

// newLogger returns a Logger whose records name the tenant.
func newLogger(log *slog.Logger) *observe.Logger {
	return observe.NewLogger(log, observe.Attrs(func(ctx context.Context) []slog.Attr {
		return []slog.Attr{slog.String("tenant", endpoint.CallFrom(ctx).Header().Get("X-Tenant"))}
	}))
}

// end snippet

// snippet: values

// traced logs the values of one endpoint where the log is at the level Debug.
func traced(logger *observe.Logger, a *Accounts) *Accounts {
	return &Accounts{Login: endpoint.Chain(a.Login, logger.Values().Wrap)}
}

// end snippet

// snippet: events

// listening returns the option that has a policy tell the log what happens to
// it.
func listening(logger *observe.Logger) resilience.Option {
	return resilience.OnEvent(logger.Event)
}

// end snippet

// snippet: gauges

// watch has the states of the program told wherever its figures are.
func (p *parts) watch() {
	p.vars.Watch(p.slo.Gauges)
	p.statsd.Watch(p.slo.Gauges)
}

// end snippet

// snippet: run

// run sends figures until ctx ends.
func (p *parts) run(ctx context.Context) error {
	return p.statsd.Run(ctx)
}

// end snippet

// snippet: health

// health tells how fast the error budgets burn. It answers 200 as long as the
// process works: one that is taken out of service for a budget makes it worse.
func (p *parts) health(w http.ResponseWriter, _ *http.Request) {
	type burning struct {
		Operation string  `json:"operation"`
		Rate      float64 `json:"rate"`
		Window    string  `json:"window"`
	}
	report := []burning{}
	for _, st := range p.slo.Burning() {
		if alert, due := st.Availability.Alert(); due {
			report = append(report, burning{st.Operation.Name, alert.LongRate, alert.Long.String()})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.MarshalWrite(w, report)
}

// end snippet

// login is the handler.
func login(_ context.Context, l Login) (Session, error) {
	switch {
	case l.User == "broken":
		return Session{}, errors.New("the database is down")
	case l.Password != "correct horse":
		return Session{}, ErrDenied
	}
	return Session{User: l.User, Token: "battery staple"}, nil
}
