package repro

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
)

type back struct {
	Do endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (b *back) HTTP(r *httpx.Routes) { r.GET("/do", &b.Do, httpx.Fails(errBack)) }

type front struct {
	Do endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (b *front) HTTP(r *httpx.Routes) { r.GET("/do", &b.Do) }

var errBack = endpoint.Define(endpoint.OutOfRange, "back", "TOO_LONG", "too long")

// An error of a service behind, that the route does not declare, goes out as 500. Expected: whoever
// runs the front hears of it: the documented hook (docs/http.md, Serve) logs it, the SLO counts it
// as bad, and the metric has a code that the rules of dashboards count as an error.
func TestUndeclaredIs500AndNobodyHears(t *testing.T) {
	bm := http.NewServeMux()
	if err := httpx.Mount(bm, &back{Do: func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, errBack }}); err != nil {
		t.Fatal(err)
	}
	bs := httptest.NewServer(bm)
	defer bs.Close()
	var c back
	if err := httpx.Client(httpx.To(bs.URL), &c); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	report := func(ctx context.Context, err error) { // docs/http.md, Serve
		op := endpoint.CallFrom(ctx).Operation()
		if endpoint.ServerFault(op.Outgoing(err)) {
			log.ErrorContext(ctx, "call failed", "operation", op.Name, "err", err)
		}
	}
	metrics := promx.New()
	slo := observe.NewSLO(observe.Objective{Availability: 0.999})
	reg := prometheus.NewRegistry()
	reg.MustRegister(metrics)
	fm := http.NewServeMux()
	if err := httpx.Mount(fm, &front{Do: func(ctx context.Context, e endpoint.Empty) (endpoint.Empty, error) { return c.Do(ctx, e) }}, httpx.ErrorHook(report), httpx.Use(observe.New(metrics, slo))); err != nil {
		t.Fatal(err)
	}
	fs := httptest.NewServer(fm)
	defer fs.Close()
	resp, err := http.Get(fs.URL + "/do")
	if err != nil {
		t.Fatal(err)
	}
	t.Log("status", resp.StatusCode)
	if out.Len() == 0 {
		t.Error("the documented hook said nothing of a 500")
	}
	t.Logf("hook: %q", out.String())
	for _, st := range slo.Status() {
		t.Logf("slo: %+v", st.Availability)
	}
	_ = testutil.CollectAndCount(metrics)
	mfs, _ := reg.Gather()
	for _, mf := range mfs {
		if mf.GetName() == "endpoint_calls_total" {
			t.Log(mf)
		}
	}
}
