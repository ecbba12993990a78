package health

import (
	"context"
	"time"
)

// A Publisher calls a func after each change and at intervals, one call at a time. A call
// that hangs costs one goroutine, and delays no one but the publisher itself.
type Publisher struct {
	wake   chan struct{}
	worker worker
}

// NewPublisher returns a publisher that calls publish every [DefaultEvery] and after each
// Changed. The context of a call ends after [DefaultWithin]. settle gets the outcome of
// each call: nil, or why it failed.
func NewPublisher(publish func(ctx context.Context), settle func(err error)) *Publisher {
	p := &Publisher{wake: make(chan struct{}, 1)}
	p.worker = worker{
		call:  func(ctx context.Context) error { publish(ctx); return nil },
		every: DefaultEvery, within: DefaultWithin, wake: p.wake,
		settle: func(_ time.Time, _ time.Duration, err error) { settle(err) },
	}
	return p
}

// Changed makes Run call the func soon. Changes during a call cause one more call.
func (p *Publisher) Changed() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run calls the func until ctx has ended, and the running call has returned or reached
// its time-out. The first call comes with the first change, or after an interval.
func (p *Publisher) Run(ctx context.Context) {
	p.worker.pause(ctx, p.worker.timer())
	p.worker.run(ctx)
}
