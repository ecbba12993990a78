// The ticker serves a stream of ticks over HTTP, and a page that shows it.
//
//	ticker                                 serve on localhost:8080 until SIGINT or SIGTERM
//	ticker -listen :9000 -interval 100ms   on another address, faster
//	ticker -watch http://localhost:8080    print ticks of a server, as its typed client
//
// It prints the address that it listens on, and logs to standard error. It exits with 2
// when its arguments are wrong, and with 1 when it cannot serve or watch.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/server"
)

func main() {
	listen := server.AddrVar(flag.CommandLine, "listen", "localhost:8080", "serve on this `address`, host:port")
	interval := flag.Duration("interval", time.Second, "time between two ticks")
	from := flag.String("watch", "", "print ticks of the server at this `URL` instead of serving")
	n := flag.Int("n", 10, "with -watch: how many ticks to print")
	flag.Parse()
	if err := check(*interval, *from, *n); err != nil {
		fmt.Fprintln(os.Stderr, "ticker:", err)
		os.Exit(2)
	}
	if *from != "" {
		os.Exit(watchUntilSignal(*from, *n))
	}
	os.Exit(serve(*listen, *interval, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// check returns what is wrong with the arguments.
func check(interval time.Duration, from string, n int) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if interval <= 0 {
		return fmt.Errorf("-interval %v is not positive", interval)
	}
	if n <= 0 {
		return fmt.Errorf("-n %d is not positive", n)
	}
	var err error
	flag.Visit(func(f *flag.Flag) {
		if watching := from != ""; f.Name == "n" && !watching || f.Name != "n" && f.Name != "watch" && watching {
			err = fmt.Errorf("-%s does not go with what else is given", f.Name)
		}
		if f.Name != "watch" {
			return
		}
		if u, bad := url.Parse(from); bad != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			err = fmt.Errorf("-watch %q is not an http URL", from)
		}
	})
	return err
}

// serve serves until a signal, and returns the exit code. The server ends the streams when
// it stops: they would not end by themselves.
func serve(addr string, interval time.Duration, log *slog.Logger) int {
	s := server.New("ticker", server.Log(log))
	handler, err := newHandler(s, newTicker(interval), log)
	s.Add(server.HTTP(addr, handler))
	return s.Main(err)
}

//go:embed page.html
var page []byte

// newHandler mounts the service and the page on a chi router, and the document at /openapi.json,
// /openapi.yaml and /docs.
func newHandler(s *server.Server, t *Ticker, log *slog.Logger) (http.Handler, error) {
	r := chi.NewRouter()
	r.Get("/", servePage)
	logged := httpx.Use(s, logging(log))
	err := errors.Join(httpx.Mount(r, t, logged), openapi.New("ticker", "1.0", t).Mount(r))
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

// watchUntilSignal watches to the last tick or a signal, and returns the exit code.
func watchUntilSignal(from string, n int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := watch(ctx, from, n, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ticker:", err)
		return 1
	}
	return 0
}

// watch prints n ticks of a server, then breaks, which also ends the call on the server.
// It returns nil when ctx ends, because that is a signal.
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
