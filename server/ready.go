package server

import (
	"context"
	"sync"
)

// isReady reports whether the server serves and is healthy.
func (s *Server) isReady() bool { return s.State() == StateRunning && s.healthReport().Ready(nil) }

// refreshReady tells the parts whether the server is ready.
func (s *Server) refreshReady() {
	s.readyMu.Lock()
	defer s.readyMu.Unlock()
	ready := s.isReady()
	if ready == s.toldReady {
		return
	}
	s.toldReady = ready
	if ready {
		s.firstReady.Do(func() { close(s.becameReady) })
	}
	ctx, cancel := context.WithTimeout(context.Background(), hangMargin)
	defer cancel()
	var all sync.WaitGroup
	for _, l := range s.listeners {
		all.Go(func() {
			err := bounded(ctx, func(context.Context) error { l.setReady(ready); return nil })
			if err != nil {
				s.emit("failed", l.name, err)
			}
		})
	}
	all.Wait()
}
