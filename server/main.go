package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Main runs the server until SIGINT or SIGTERM comes, or a part fails, and returns the exit
// code of the program: 0 after a proper stop, and 1 if Run returned an error, or if faults
// has one, as Mount and Register return it; then nothing is served. It writes the errors
// to os.Stderr, one on a line. A second signal makes it return 1 at once, while calls are
// still in flight: a program must pass its result to os.Exit.
//
//	os.Exit(s.Main(err))
func (s *Server) Main(faults ...error) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if s.config.announce == nil {
		s.config.announce = os.Stdout
	}
	return s.main(signals, errors.Join(faults...))
}

func (s *Server) main(signals <-chan os.Signal, fault error) int {
	if err := errors.Join(fault, s.Err()); err != nil {
		return s.complain(err)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for first := true; ; first = false {
		select {
		case err := <-ended:
			return s.complain(err)
		case sig := <-signals:
			if !first {
				return s.complain(fmt.Errorf("a second signal: %v", sig))
			}
			s.emit("signal", sig.String(), nil)
			stop(fmt.Errorf("signal %v", sig))
		}
	}
}

// complain writes an error, and returns the exit code.
func (s *Server) complain(err error) int {
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(os.Stderr, "%s: %s\n", s.name, strings.TrimSuffix(line, "\n"))
	}
	return 1
}
