package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// serve serves the parts until ctx ends, a signal comes, or one of them ends.
func serve(ctx context.Context, parts []part, stdout io.Writer, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	listeners, err := listen(ctx, parts)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, len(parts))
	for i, p := range parts {
		go func() {
			err := p.serve(listeners[i])
			if err != nil {
				err = fmt.Errorf("%s: %w", p.name, err)
			}
			cancel(err) // the others stop too
			ended <- err
		}()
		fmt.Fprintf(stdout, "%s on %s\n", p.name, listeners[i].Addr())
	}
	<-ctx.Done()
	stop() // a second signal has its usual effect: it ends the process
	log.Info("stopping", "cause", context.Cause(ctx))
	err = drain(context.WithoutCancel(ctx), parts)
	for range parts {
		err = errors.Join(err, <-ended)
	}
	return err
}

// listen opens the listeners of all parts, or of none.
func listen(ctx context.Context, parts []part) (listeners []net.Listener, err error) {
	for _, p := range parts {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.addr)
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// drainTime is what calls in flight get to finish. It is longer than a server
// waits for a body.
const drainTime = 20 * time.Second

// drain stops all parts at the same time and waits for their calls in flight. It
// breaks off those that take too long.
func drain(ctx context.Context, parts []part) error {
	ctx, cancel := context.WithTimeoutCause(ctx, drainTime, fmt.Errorf("calls still in flight after %v", drainTime))
	defer cancel()
	drained := make(chan error, len(parts))
	for _, p := range parts {
		go func() {
			err := p.drain(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", p.name, errors.Join(err, context.Cause(ctx)))
			}
			drained <- err
		}()
	}
	var err error
	for range parts {
		err = errors.Join(err, <-drained)
	}
	return err
}
