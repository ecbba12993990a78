package addsvc_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/promtest"
	"github.com/typedkit/endpoint/observe/otelx"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// testJaeger has a real Jaeger show a trace by its API: of a call over HTTP to a
// gateway on chi, which calls the program over gRPC.
func testJaeger(t *testing.T, bin string) {
	jaeger := startJaeger(t)
	program := launch(t, bin, "-otlp.addr", jaeger.otlp)
	client, gateway := jaeger.newProvider(t, "client"), jaeger.newProvider(t, "gateway")
	var id string
	c := dialGateway(t, serveGateway(t, program.addr["gRPC"], otelx.NewTracer(gateway)), otelx.NewTracer(client), &id)

	_, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
	require.NoError(t, err)
	sum := id
	_, err = c.Concat(t.Context(), addsvc.ConcatRequest{A: "01234", B: "567890"})
	require.ErrorIs(t, err, addsvc.ErrMaxSize)
	concat := id
	require.NotEqual(t, sum, concat, "each call of the client begins a trace")

	require.NoError(t, client.ForceFlush(t.Context()))
	require.NoError(t, gateway.ForceFlush(t.Context()))
	program.Signal(t, syscall.SIGTERM) // it sends what it has
	require.Equal(t, 0, program.Wait(t))

	for id, want := range map[string][]jaegerSpan{
		sum: {
			{"client", "POST /sum", map[string]any{"span.kind": "client", "url.template": "/sum", "http.response.status_code": 200.0, "endpoint.operation": "Add.Sum"}},
			{"gateway", "POST /sum", map[string]any{"span.kind": "server", "http.route": "/sum", "http.response.status_code": 200.0, "client.address": "127.0.0.1"}},
			{"gateway", "pb.Add/Sum", map[string]any{"span.kind": "client", "rpc.system.name": "grpc", "rpc.response.status_code": "OK", "server.address": "127.0.0.1"}},
			{"addsvc", "pb.Add/Sum", map[string]any{"span.kind": "server", "rpc.method": "pb.Add/Sum", "rpc.response.status_code": "OK", "error": nil}},
		},
		concat: {
			{"client", "POST /concat", map[string]any{"span.kind": "client", "error": true, "error.type": "400", "endpoint.error": "addsvc/MAX_SIZE"}},
			{"gateway", "POST /concat", map[string]any{"span.kind": "server", "error": nil, "http.response.status_code": 400.0}},
			{"gateway", "pb.Add/Concat", map[string]any{"span.kind": "client", "error": true, "error.type": "INVALID_ARGUMENT", "otel.status_description": "result exceeds maximum size"}},
			{"addsvc", "pb.Add/Concat", map[string]any{"span.kind": "server", "error": nil, "endpoint.error": "addsvc/MAX_SIZE"}},
		},
	} {
		jaeger.checkLine(t, id, want)
	}
}

// serveGateway serves over HTTP, on chi, what the program at addr serves over
// gRPC: the struct that the client fills is a server's.
func serveGateway(t *testing.T, addr string, tracer endpoint.Layer) string {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var svc addsvc.Add
	require.NoError(t, grpcx.Client(grpcx.To(conn), &svc, grpcx.Use(tracer)))
	router := chi.NewRouter()
	require.NoError(t, httpx.Mount(router, &svc, httpx.Use(tracer)))
	server := httptest.NewServer(httpx.Problems(router))
	t.Cleanup(server.Close)
	return server.URL
}

// dialGateway returns a client that notes the trace of its last call.
func dialGateway(t *testing.T, url string, tracer endpoint.Layer, id *string) addsvc.Add {
	t.Helper()
	note := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		*id = otelx.TraceID(ctx)
		return ctx, nil, nil
	})
	var c addsvc.Add
	require.NoError(t, httpx.Client(httpx.To(url), &c, httpx.Use(tracer, note)))
	return c
}

// jaegerProgram returns the program that ENDPOINT_JAEGER names.
func jaegerProgram(t *testing.T) string {
	t.Helper()
	program := os.Getenv("ENDPOINT_JAEGER")
	switch {
	case program != "":
	case os.Getenv("ENDPOINT_CI") != "":
		t.Fatal("ENDPOINT_JAEGER does not name the program of Jaeger")
	default:
		t.Skip("ENDPOINT_JAEGER does not name the program of Jaeger; scripts/jaeger.sh builds it and prints where it is")
	}
	return program
}

// jaegerArgs has Jaeger listen on this machine only: for spans at otlp, for all
// else on any free port.
func jaegerArgs(otlp string) []string {
	args := []string{"--collector.otlp.http.host-port=" + otlp}
	for _, name := range []string{
		"admin.http.", "collector.grpc-server.", "collector.http-server.", "collector.otlp.grpc.", "http-server.",
		"processor.jaeger-binary.server-", "processor.jaeger-compact.server-", "processor.zipkin-compact.server-",
		"query.grpc-server.", "query.http-server.",
	} {
		args = append(args, "--"+name+"host-port=127.0.0.1:0")
	}
	return args
}

// A jaegerServer is a Jaeger at work.
type jaegerServer struct{ otlp, api string }

// startJaeger starts a Jaeger that keeps spans in memory until the test ends.
func startJaeger(t *testing.T) jaegerServer {
	t.Helper()
	program := jaegerProgram(t)
	// It does not tell which port it takes for spans.
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	j := jaegerServer{otlp: l.Addr().String()}
	require.NoError(t, l.Close())

	cmd := exec.CommandContext(t.Context(), program, jaegerArgs(j.otlp)...)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_SAMPLER=always_off") // its own spans would go to a port that it does not have here
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var log strings.Builder
	api := make(chan string)
	go func() {
		defer close(api)
		readJaeger(stderr, &log, api)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range api { // until all is read: Wait closes the pipe
		}
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Jaeger says:\n%s", log.String())
		}
	})
	if j.api = <-api; j.api == "" {
		t.Fatal("Jaeger ends before it serves")
	}
	return j
}

// readJaeger reads what Jaeger logs, and sends where its API is.
func readJaeger(stderr io.Reader, log *strings.Builder, api chan<- string) {
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		var record struct {
			Addr string `json:"http_addr"`
		}
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Addr != "" {
			api <- "http://" + record.Addr
		}
	}
}

// newProvider returns one that sends its spans to Jaeger.
func (j jaegerServer) newProvider(t *testing.T, service string) *sdktrace.TracerProvider {
	t.Helper()
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(j.otlp), otlptracehttp.WithInsecure())
	require.NoError(t, err)
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName(service))))
	t.Cleanup(func() { _ = p.Shutdown(context.WithoutCancel(t.Context())) })
	return p
}

// jaegerSpan is what a test wants of a span: its tags among others, those that are
// nil absent.
type jaegerSpan struct {
	service, operation string
	tags               map[string]any
}

// checkLine compares a trace of which each span is the parent of the next.
func (j jaegerServer) checkLine(t *testing.T, id string, want []jaegerSpan) {
	t.Helper()
	var trace jaegerTrace
	promtest.Eventually(t, func() (err error) {
		if trace, err = j.trace(id); err == nil && len(trace.Spans) != len(want) {
			err = fmt.Errorf("trace %s: %d spans, want %d", id, len(trace.Spans), len(want))
		}
		return err
	})
	parent := ""
	for i, w := range want {
		at := slices.IndexFunc(trace.Spans, func(s jaegerAPISpan) bool { return s.parent() == parent })
		require.NotEqual(t, -1, at, "trace %s: no span below %q, span %d of the line", id, parent, i)
		s := trace.Spans[at]
		require.Equal(t, w.service, trace.Processes[s.Process].Service, "service of span %d", i)
		require.Equal(t, w.operation, s.Operation, "span %d", i)
		for key, value := range w.tags {
			require.Equal(t, value, s.tag(key), "%s of span %d, %s", key, i, s.Operation)
		}
		parent = s.ID
	}
}

// jaegerTrace is a trace as the API has it.
type jaegerTrace struct {
	Spans     []jaegerAPISpan `json:"spans"`
	Processes map[string]struct {
		Service string `json:"serviceName"`
	} `json:"processes"`
}

type jaegerAPISpan struct {
	ID        string `json:"spanID"`
	Operation string `json:"operationName"`
	Process   string `json:"processID"`
	Tags      []struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	} `json:"tags"`
	References []struct {
		Type string `json:"refType"`
		Span string `json:"spanID"`
	} `json:"references"`
}

func (s jaegerAPISpan) parent() string {
	for _, r := range s.References {
		if r.Type == "CHILD_OF" {
			return r.Span
		}
	}
	return ""
}

func (s jaegerAPISpan) tag(key string) any {
	for _, tag := range s.Tags {
		if tag.Key == key {
			return tag.Value
		}
	}
	return nil
}

// trace asks for one.
func (j jaegerServer) trace(id string) (jaegerTrace, error) {
	resp, err := http.Get(j.api + "/api/traces/" + id) //nolint:noctx // a test
	if err != nil {
		return jaegerTrace{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data []jaegerTrace `json:"data"`
	}
	err = json.UnmarshalRead(resp.Body, &answer)
	if err != nil || len(answer.Data) != 1 {
		return jaegerTrace{}, cmp.Or(err, fmt.Errorf("trace %s: %s, %d of it", id, resp.Status, len(answer.Data)))
	}
	return answer.Data[0], nil
}
