package endpointtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

type userKey struct{}

// byUser is a layer with a fault: it takes for granted what another layer may
// have put into the context.
func byUser(ctx context.Context) (context.Context, func(error) error, error) {
	user := ctx.Value(userKey{}).(string)
	return ctx, func(err error) error {
		if err != nil {
			err = fmt.Errorf("for %s: %w", user, err)
		}
		return err
	}, nil
}

// printer stands for the *testing.T of a test.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Context() context.Context          { return context.Background() }
func (printer) Logf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func ExampleLayer() {
	// func TestByUser(t *testing.T) {
	t := printer{}
	endpointtest.Layer(t, endpoint.LayerFunc(byUser))
	// }

	// Output:
	// endpointtest: endpoint.LayerFunc: Enter panics: interface conversion: interface {} is nil, not string
}

func ExampleRecorder() {
	var r endpointtest.Recorder
	e := func(context.Context, string) (string, error) { return "", errors.New("not today") }
	_, _ = endpoint.Stack{r.Layer("logger"), r.Layer("limiter")}.Wrap(e)(context.Background(), "request")
	for _, line := range r.Lines() {
		fmt.Println(line)
	}
	// Output:
	// enter logger
	// enter limiter
	// exit limiter: not today
	// exit logger: not today
}

func ExampleListener() {
	l := endpointtest.NewListener()
	server := &http.Server{
		Handler:           http.NotFoundHandler(),
		ReadHeaderTimeout: time.Second,
	}
	go server.Serve(l)
	defer server.Close()

	transport := &http.Transport{DialContext: l.Dial}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("http://profiles.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 404 Not Found
}
