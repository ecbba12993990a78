// The program stringsvc3 serves the service over HTTP. With -proxy, other instances answer
// uppercase.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	var proxies []string
	flag.Func("proxy", "`instances` that answer uppercase: host:port with commas between them", func(list string) (err error) {
		proxies, err = addresses(list)
		return err
	})
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "stringsvc3: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil)).With("listen", *addr)
	log.Info("starting", "proxy_to", cmp.Or(strings.Join(proxies, " "), "none"))
	s, mux, registry := server.New("stringsvc3", server.Log(log)), http.NewServeMux(), prometheus.NewRegistry()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))

	svc, perr := stringsvc.New(), error(nil)
	if len(proxies) > 0 {
		svc, perr = stringsvc.Proxying(s, discover.Static(proxies...), svc)
	}
	metrics, err := stringsvc.NewMetrics(registry)
	layers := httpx.Use(s, stringsvc.LogCalls(log))
	merr := httpx.Mount(mux, metrics.Instrumenting(stringsvc.Logging(log, svc)), layers)
	s.Add(server.HTTP(*addr, httpx.Problems(mux, layers)))
	os.Exit(s.Main(perr, err, merr))
}

// addresses returns the addresses of a list; none for "".
func addresses(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	all := strings.Split(list, ",")
	for i, addr := range all {
		all[i] = strings.TrimSpace(addr)
		_, port, err := net.SplitHostPort(all[i])
		if err != nil {
			return nil, err
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			return nil, err
		}
	}
	return all, nil
}
