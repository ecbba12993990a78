package admin

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

const (
	// maxReaders is how many streams are open at the same time.
	maxReaders = 16
	// interval is the time between two items of a stream.
	interval = time.Second
	// readerTimeout is how long a reader may take for an item.
	readerTimeout = 10 * time.Second
)

// errTooMany is the error of a stream that is one too many.
var errTooMany = endpoint.Define(endpoint.Unavailable, "endpoint", "TOO_MANY_READERS", "the figures have enough readers already").
	WithRetryAfter(5 * time.Second)

// live is the service of the stream.
type live struct {
	Watch endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Snapshot]]
}

// HTTP describes the service.
func (l *live) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/live", &l.Watch, httpx.Fails(errTooMany), httpx.EventTimeout(readerTimeout))
}

// newLive returns a service that sends the figures at once, and then every second.
func newLive(v *views) *live {
	return &live{Watch: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[Snapshot], error) {
		return func(yield func(Snapshot, error) bool) { watch(ctx, v, yield) }, nil
	}}
}

func watch(ctx context.Context, v *views, yield func(Snapshot, error) bool) {
	beat := time.NewTicker(interval)
	defer beat.Stop()
	for yield(*v.snapshot(), nil) {
		select {
		case <-beat.C:
		case <-ctx.Done():
			yield(Snapshot{}, context.Cause(ctx))
			return
		}
	}
}

// places is a layer that refuses a stream when there are enough.
type places struct{ taken atomic.Int64 }

// Enter takes a place for the stream, until Exit.
func (p *places) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if p.taken.Add(1) > maxReaders {
		p.taken.Add(-1)
		return ctx, endpoint.Token{}, errTooMany
	}
	return ctx, endpoint.Token{}, nil
}

// Exit gives the place back.
func (p *places) Exit(_ context.Context, _ endpoint.Token, err error) error {
	p.taken.Add(-1)
	return err
}
