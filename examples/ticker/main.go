// The ticker serves a stream of ticks over HTTP, and a page that shows it.
//
//	ticker                                 serve on localhost:8080 until SIGINT or SIGTERM
//	ticker -listen :9000 -interval 100ms   on another address, faster
//	ticker -watch http://localhost:8080    print ticks of a server, as its typed client
//
// It exits with 2 when its arguments are wrong, and with 1 when it cannot serve
// or watch.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/examples/internal/hostport"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
	"github.com/typedkit/endpoint/httpx"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// options are the arguments.
type options struct {
	listen   string
	interval time.Duration
	watch    string
	n        int
}

// run is main with what it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.watch != "" {
		err = watch(ctx, o.watch, o.n, stdout)
	} else {
		err = serve(ctx, o, stdout, slog.New(slog.NewTextHandler(stderr, nil)))
	}
	if err != nil {
		fmt.Fprintln(stderr, "ticker:", err)
		return 1
	}
	return 0
}

// parse reads the arguments, and says on stderr what is wrong with them.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("ticker", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "localhost:8080", "serve on this `address`, host:port")
	flags.DurationVar(&o.interval, "interval", time.Second, "time between two ticks")
	flags.StringVar(&o.watch, "watch", "", "print ticks of the server at this `URL` instead of serving")
	flags.IntVar(&o.n, "n", 10, "with -watch: how many ticks to print")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	err := o.check(flags)
	if err != nil {
		fmt.Fprintln(stderr, "ticker:", err)
	}
	return o, err
}

func (o options) check(flags *flag.FlagSet) error {
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := hostport.Check(o.listen); err != nil {
		return fmt.Errorf("-listen %q is not host:port: %w", o.listen, err)
	}
	if o.interval <= 0 {
		return fmt.Errorf("-interval %v is not positive", o.interval)
	}
	if o.n <= 0 {
		return fmt.Errorf("-n %d is not positive", o.n)
	}
	var err error
	flags.Visit(func(f *flag.Flag) {
		if watching := o.watch != ""; f.Name == "n" && !watching || f.Name != "n" && f.Name != "watch" && watching {
			err = fmt.Errorf("-%s does not go with what else is given", f.Name)
		}
		if f.Name != "watch" {
			return
		}
		if u, bad := url.Parse(o.watch); bad != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			err = fmt.Errorf("-watch %q is not an http URL", o.watch)
		}
	})
	return err
}

//go:embed page.html
var page []byte

// newHandler mounts the service and the page on a chi router.
func newHandler(t *Ticker, log *slog.Logger) (http.Handler, error) {
	r := chi.NewRouter()
	r.Get("/", servePage)
	logged := httpx.Use(logging(log))
	err := httpx.Mount(r, t, logged)
	return httpx.Problems(r, logged), err
}

// servePage sends the page, which loads nothing from elsewhere.
func servePage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(page)
}

// newServer returns a server whose streams end when it shuts down: Shutdown
// waits for calls in flight, and a stream would not end by itself. Other calls
// run to their end.
func newServer(interval time.Duration, log *slog.Logger) (*http.Server, error) {
	stopping := make(chan struct{})
	handler, err := newHandler(newTicker(interval, stopping), log)
	s := httpserver.New(handler, log)
	s.RegisterOnShutdown(sync.OnceFunc(func() { close(stopping) }))
	return s, err
}

// serve serves until ctx ends.
func serve(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) error {
	server, err := newServer(o.interval, log)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintf(stdout, "listening on http://%s/\n", l.Addr())
	select {
	case err = <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping", "cause", context.Cause(ctx))
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err = server.Shutdown(drain); err != nil {
		err = errors.Join(err, server.Close())
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// watch prints n ticks of a server, then breaks: that ends the call on the
// server too. It ends quietly when ctx does, because that is a signal.
func watch(ctx context.Context, url string, n int, out io.Writer) error {
	conn := httpx.To(url)
	defer func() { _ = conn.Close() }()
	var t Ticker
	if err := httpx.Client(conn, &t); err != nil {
		return err
	}
	ticks, err := t.Ticks(ctx, Which{})
	if err != nil {
		return err
	}
	for tick, err := range ticks {
		if err != nil && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, tick.N, tick.At.Format(time.RFC3339Nano))
		if n--; n == 0 {
			break
		}
	}
	return nil
}
