// Package jaegertest starts a real Jaeger, which keeps spans in memory, and asks it for
// traces, for tests.
package jaegertest

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// T is the part of *testing.T that is in use. Neither the package testing nor what
// brings it may be in a package that is no test.
type T interface {
	Cleanup(end func())
	Context() context.Context
	Failed() bool
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Helper()
	Logf(format string, args ...any)
	Skip(args ...any)
}

// A Server is a Jaeger at work.
type Server struct {
	OTLP   string // host:port that takes spans by OTLP over HTTP
	Zipkin string // URL that takes spans in Zipkin's formats
	api    string
}

// program returns the program that ENDPOINT_JAEGER names. Without one the test is skipped;
// where ENDPOINT_CI is set, it fails.
func program(t T) string {
	t.Helper()
	name := os.Getenv("ENDPOINT_JAEGER")
	switch {
	case name != "":
	case os.Getenv("ENDPOINT_CI") != "":
		t.Fatal("ENDPOINT_JAEGER does not name the program of Jaeger")
	default:
		t.Skip("ENDPOINT_JAEGER does not name the program of Jaeger; scripts/jaeger.sh builds it and prints where it is")
	}
	return name
}

// arguments has Jaeger listen on this machine only: for spans at otlp and zipkin, for all
// else on any free port.
func arguments(otlp, zipkin string) []string {
	args := []string{"--collector.otlp.http.host-port=" + otlp, "--collector.zipkin.host-port=" + zipkin}
	for _, name := range []string{
		"admin.http.", "collector.grpc-server.", "collector.http-server.", "collector.otlp.grpc.", "http-server.",
		"processor.jaeger-binary.server-", "processor.jaeger-compact.server-", "processor.zipkin-compact.server-",
		"query.grpc-server.", "query.http-server.",
	} {
		args = append(args, "--"+name+"host-port=127.0.0.1:0")
	}
	return args
}

// Start starts a Jaeger that runs until the test ends.
func Start(t T) Server {
	t.Helper()
	name := program(t)
	ports := freePorts(t, 2) // it does not tell which ports it takes for spans
	cmd := exec.CommandContext(t.Context(), name, arguments(ports[0], ports[1])...)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_SAMPLER=always_off") // its own spans would go to a port that it does not have here
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	api := make(chan string)
	go func() {
		defer close(api)
		follow(stderr, &log, api)
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
	s := Server{OTLP: ports[0], Zipkin: "http://" + ports[1] + "/api/v2/spans", api: <-api}
	if s.api == "" {
		t.Fatal("Jaeger ends before it serves")
	}
	return s
}

// freePorts returns addresses on which nothing listens now.
func freePorts(t T, n int) []string {
	t.Helper()
	var addrs []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // all at once, so that no two are the same
		addrs = append(addrs, l.Addr().String())
	}
	return addrs
}

// follow reads what Jaeger logs, and sends where its API is.
func follow(stderr io.Reader, log *strings.Builder, api chan<- string) {
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

// A Trace is one as Jaeger's API has it.
type Trace struct {
	Spans     []Span `json:"spans"`
	Processes map[string]struct {
		Service string `json:"serviceName"`
	} `json:"processes"`
}

// A Span is one of a [Trace].
type Span struct {
	ID         string      `json:"spanID"`
	Operation  string      `json:"operationName"`
	Process    string      `json:"processID"`
	Start      int64       `json:"startTime"` // µs since 1970
	Duration   int64       `json:"duration"`  // µs
	Tags       []Tag       `json:"tags"`
	Logs       []Log       `json:"logs"`
	References []Reference `json:"references"`
}

// A Tag is a name and a value.
type Tag struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// A Log is an event of a span.
type Log struct {
	Time   int64 `json:"timestamp"` // µs since 1970
	Fields []Tag `json:"fields"`
}

// A Reference is what a span says of another one.
type Reference struct {
	Type string `json:"refType"`
	Span string `json:"spanID"`
}

// Service returns the name of the service that made s.
func (t Trace) Service(s Span) string { return t.Processes[s.Process].Service }

// Below returns the spans whose parent is the span with this id; with "" those that have
// none.
func (t Trace) Below(id string) []Span {
	var below []Span
	for _, s := range t.Spans {
		if s.Parent() == id {
			below = append(below, s)
		}
	}
	return below
}

// Parent returns the id of the parent of s, or "".
func (s Span) Parent() string {
	for _, r := range s.References {
		if r.Type == "CHILD_OF" {
			return r.Span
		}
	}
	return ""
}

// Tag returns the value of a tag, or nil.
func (s Span) Tag(key string) any {
	for _, tag := range s.Tags {
		if tag.Key == key {
			return tag.Value
		}
	}
	return nil
}

// Ask asks once for the trace with this id, which must have n spans. Spans come in
// batches: a test asks until the error is nil.
func (s Server) Ask(ctx context.Context, id string, n int) (Trace, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api+"/api/traces/"+id, nil)
	if err != nil {
		return Trace{}, err
	}
	r.Close = true // no connection outlives the test
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return Trace{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data []Trace `json:"data"`
	}
	err = json.UnmarshalRead(resp.Body, &answer)
	if err != nil || len(answer.Data) != 1 {
		return Trace{}, cmp.Or(err, fmt.Errorf("trace %s: %s, %d of it", id, resp.Status, len(answer.Data)))
	}
	if trace := answer.Data[0]; len(trace.Spans) != n {
		return Trace{}, fmt.Errorf("trace %s: %d spans, want %d", id, len(trace.Spans), n)
	}
	return answer.Data[0], nil
}
