package consul

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	requestTime = 2 * time.Second // of a request to the agent
	places      = 4               // of requests at the same time
)

// A line is where the requests of a registry to its agent wait. An agent takes 200 connections
// from one machine, and handles requests hardly faster if they are made at the same time. A
// thousand at once would all take too long, and be repeated. See decision 186.
type line struct {
	places   chan struct{} // has a value for each request that is made
	answered atomic.Int64  // the time of the agent's last answer
}

func newLine() *line { return &line{places: make(chan struct{}, places)} }

// enter waits for a place, as long as the agent answers others.
func (l *line) enter(ctx context.Context) error {
	timer := time.NewTimer(requestTime)
	defer timer.Stop()
	for {
		select {
		case l.places <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		silence := l.silence()
		if silence >= requestTime {
			return fmt.Errorf("the agent has not answered any request for %v", requestTime)
		}
		timer.Reset(requestTime - silence)
	}
}

// leave gives the place back.
func (l *line) leave() { <-l.places }

// silence returns the time since the agent's last answer.
func (l *line) silence() time.Duration { return time.Since(time.Unix(0, l.answered.Load())) }

// note notes that the agent has answered a request, if its error says so.
func (l *line) note(err error) {
	if err == nil || isAnswer(err) {
		l.answered.Store(time.Now().UnixNano())
	}
}

// isAnswer reports whether an error of a request is what the agent has answered.
func isAnswer(err error) bool {
	_, ok := errors.AsType[api.StatusError](err)
	return ok
}

// ask makes a request to the agent. Its error says what the request was for.
func (r *Registry) ask(ctx context.Context, what string, request func(ctx context.Context) error) error {
	if err := r.line.enter(ctx); err != nil {
		return wrap(what, err)
	}
	defer r.line.leave()
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	err := request(ctx)
	r.line.note(err)
	if err != nil {
		return wrap(what, err)
	}
	return nil
}
