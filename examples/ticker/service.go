package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// A Tick is an item of the stream. Its number is the id of its event, by which a
// reader says where it was.
type Tick struct {
	N  int       `json:"n" sse:"id"`
	At time.Time `json:"at"`
}

// Which says what ticks a reader wants.
type Which struct {
	Last int `header:"Last-Event-ID"` // the last one it has: go on after it
	From int `query:"from"`           // else the first one; 1 unless set
	To   int `query:"to"`             // the last one; without end unless set
	Fail int `query:"fail"`           // fail after this one, to see what that looks like
}

var (
	ErrRange  = endpoint.Define(endpoint.InvalidArgument, "ticker", "RANGE", "there are no such ticks")
	ErrFailed = endpoint.Define(endpoint.Aborted, "ticker", "FAILED", "failed, as it was asked to")
)

// Ticker is the service.
type Ticker struct {
	Ticks endpoint.Endpoint[Which, endpoint.Stream[Tick]]
}

// HTTP describes the service.
func (t *Ticker) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/ticks", &t.Ticks, httpx.Resume(), httpx.Fails(ErrRange, ErrFailed))
}

// newTicker returns a service that ticks once in an interval.
func newTicker(interval time.Duration) *Ticker { return &Ticker{Ticks: clock(interval).ticks} }

// A clock is the interval of its ticks.
type clock time.Duration

// ticks refuses a wrong range before the stream begins, so the answer has the
// status of the error. The work is in the stream, which runs when it is ranged
// over.
func (c clock) ticks(ctx context.Context, w Which) (endpoint.Stream[Tick], error) {
	first := max(w.From, 1)
	if w.Last > 0 {
		first = w.Last + 1
	}
	// A reader that has all of them gets an empty stream, not an error: it asks
	// again when it missed the end.
	if w.From < 0 || w.Last < 0 || w.To < 0 || w.To > 0 && first > w.To+1 {
		return nil, ErrRange
	}
	return func(yield func(Tick, error) bool) {
		beat := time.NewTicker(time.Duration(c))
		defer beat.Stop()
		for n := first; w.To == 0 || n <= w.To; n++ {
			if n > first {
				if err := wait(ctx, beat.C); err != nil {
					yield(Tick{}, err)
					return
				}
			}
			if !yield(Tick{n, time.Now()}, nil) {
				return
			}
			if n == w.Fail {
				yield(Tick{}, ErrFailed)
				return
			}
		}
	}, nil
}

// wait waits for the beat, and for the end of the stream's context: its reader has gone, or
// the server stops. A stream that ends with the error of its context then ends with
// server.ErrStopping, and its reader goes on at the next server.
func wait(ctx context.Context, beat <-chan time.Time) error {
	select {
	case <-beat:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// logging is a layer. Around a stream it enters with the first item and exits
// with the end, so the time is that of the whole stream.
func logging(log *slog.Logger) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		start, op := time.Now(), endpoint.CallFrom(ctx).Operation()
		log.InfoContext(ctx, "begin", "operation", op.Name)
		return ctx, func(err error) error {
			log.InfoContext(ctx, "end", "operation", op.Name, "code", endpoint.CodeOf(err), "took", time.Since(start))
			return err
		}, nil
	}
}
