package main

import (
	"context"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
)

// instrumentations returns OpenTelemetry's own, for HTTP and for gRPC: they
// trace and measure, and log nothing.
func instrumentations() []subject {
	var all []subject
	for _, g := range groups() {
		if p := providers()[g]; p != nil {
			all = append(all, subject{g, kindHTTP, overHTTP(p, g)}, subject{g, kindGRPC, overGRPC(p, g)})
		}
	}
	return all
}

func w3c() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// overHTTP has the handler called as a server calls it, with a request that is
// there already.
func overHTTP(p *sdktrace.TracerProvider, group string) answer {
	var resp record
	h := otelhttp.NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		resp, _ = handle(r.Context(), resp)
	}), "GET /profiles/{id}", otelhttp.WithTracerProvider(p), otelhttp.WithMeterProvider(meterProvider()), otelhttp.WithPropagators(w3c()))
	r := httptest.NewRequest(http.MethodGet, "/profiles/7", http.NoBody)
	r.Pattern = "GET /profiles/{id}"
	if group == groupParent {
		r.Header.Set("Traceparent", unsampled)
	}
	w := discard{}
	return func(_ context.Context, req record) (record, error) {
		resp = req
		h.ServeHTTP(w, r)
		return resp, nil
	}
}

// discard is a response that goes nowhere.
type discard struct{}

func (discard) Header() http.Header         { return nil }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// overGRPC has the stats handler told of a unary call as grpc-go tells it.
func overGRPC(p *sdktrace.TracerProvider, group string) answer {
	h := otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(p), otelgrpc.WithMeterProvider(meterProvider()), otelgrpc.WithPropagators(w3c()))
	md := metadata.MD{}
	if group == groupParent {
		md.Set("traceparent", unsampled)
	}
	outer := metadata.NewIncomingContext(context.Background(), md)
	tag := &stats.RPCTagInfo{FullMethodName: "/pb.Profiles/Get"}
	begin, in, out, end := &stats.Begin{}, &stats.InPayload{Length: 10, WireLength: 15}, &stats.OutPayload{Length: 10, WireLength: 15}, &stats.End{}
	return func(_ context.Context, req record) (record, error) {
		ctx := h.TagRPC(outer, tag)
		h.HandleRPC(ctx, begin)
		h.HandleRPC(ctx, in)
		resp, err := handle(ctx, req)
		h.HandleRPC(ctx, out)
		h.HandleRPC(ctx, end)
		return resp, err
	}
}
