package etcd

import (
	"context"
	"fmt"
	"time"

	"github.com/typedkit/endpoint/internal/backoff"
	"google.golang.org/grpc/connectivity"
)

const (
	requestTime = 2 * time.Second  // of a request, at first
	slowestTime = 16 * time.Second // of a request, after others have failed
	removeTime  = 2 * time.Second  // of the end of a registration
)

// connected waits until there is a connection, because a request without one fails at once
// and would be repeated, and logged, by the client again and again.
func (r *Registry) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	for {
		state := r.conn.GetState()
		switch state {
		case connectivity.Ready:
			return nil
		case connectivity.Shutdown:
			return errClosed
		case connectivity.Idle:
			r.conn.Connect()
		}
		if !r.conn.WaitForStateChange(ctx, state) {
			return fmt.Errorf("etcd: no connection, it is %v: %w", state, ctx.Err())
		}
	}
}

// A pause is the time between attempts. The zero pause is ready to use.
type pause struct {
	backoff  backoff.Backoff
	attempts int // in vain
}

// patience returns the time of a request. It grows with each attempt: if a server is too slow
// for all of its clients, they would otherwise repeat their requests for ever.
func (p *pause) patience() time.Duration { return min(requestTime<<min(p.attempts, 16), slowestTime) }

// wait waits, and then makes gRPC connect: its own pauses grow to two minutes.
func (p *pause) wait(ctx context.Context, r *Registry) {
	p.attempts++
	p.backoff.Wait(ctx)
	r.reconnect()
}

// reconnect ends a wait of gRPC between two attempts to connect. However many registrations
// have failed, it does so ten times a second at most.
func (r *Registry) reconnect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.reconnected) >= backoff.First {
		r.reconnected = time.Now()
		r.conn.ResetConnectBackoff()
	}
}

// reset makes the next pause the first one.
func (p *pause) reset() { *p = pause{} }
