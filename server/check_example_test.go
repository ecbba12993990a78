package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/typedkit/endpoint/server"
)

// The server is ready although its cache cannot be reached, because that is a warning. It
// stops once it is ready and each check has run.
func ExampleCheck() {
	s := server.New("rooms", server.Log(slog.New(slog.DiscardHandler)))
	ctx, stop := context.WithCancel(context.Background())
	s.Add(
		server.Check("database", func(context.Context) error { return nil }), // such as db.PingContext
		server.Check("cache", func(context.Context) error { return errors.New("connection refused") }, server.Warn()),
		server.Report(func(_ context.Context, r server.HealthReport) {
			for _, c := range r.Checks {
				if c.Start.IsZero() {
					return
				}
			}
			if r.Ready {
				stop()
			}
		}),
	)
	fmt.Println("stopped:", s.Run(ctx))
	for _, c := range s.Health().Checks {
		fmt.Println(c.Name, c.Status, c.Err)
	}
	// Output:
	// stopped: <nil>
	// database pass <nil>
	// cache warn connection refused
}
