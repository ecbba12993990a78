// Package streamguide holds the pieces that docs/streams.md shows: a service of
// readings, with a stream on each side.
package streamguide

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// snippet: service

// A Reading is what a sensor says. Its number is the id of its event.
type Reading struct {
	N     int     `json:"n" sse:"id"`
	Value float64 `json:"value"`
}

// Readings says which ones: those of a sensor, after the last one that the
// reader has.
type Readings struct {
	Sensor string `path:"sensor"`
	Last   int    `header:"Last-Event-ID"`
}

// Sum is the answer to a stream of readings.
type Sum struct {
	Count int     `json:"count"`
	Total float64 `json:"total"`
}

var ErrNoSensor = endpoint.Define(endpoint.NotFound, "sensors", "NO_SENSOR", "no such sensor")

// Sensors has a stream as its response, as its request, and as both.
type Sensors struct {
	Watch  endpoint.Endpoint[Readings, endpoint.Stream[Reading]]
	Upload endpoint.Endpoint[endpoint.Stream[Reading], Sum]
	Adjust endpoint.Endpoint[endpoint.Stream[Reading], endpoint.Stream[Reading]]
}

// HTTP describes the service.
func (s *Sensors) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/sensors/{sensor}", &s.Watch, httpx.Resume(), httpx.Heartbeat(5*time.Second), httpx.Fails(ErrNoSensor))
	r.ClientStream("POST", "/readings", &s.Upload)
	r.Bidi("POST", "/adjust", &s.Adjust)
}

// end snippet

// snippet: producer

// watch returns what a sensor says from now on. An error before the stream is an
// answer of its own; the work is in the stream. It ends with its context, which also ends
// when the server stops.
func (d *device) watch(ctx context.Context, r Readings) (endpoint.Stream[Reading], error) {
	if r.Sensor != d.name {
		return nil, ErrNoSensor
	}
	return func(yield func(Reading, error) bool) {
		for n := r.Last + 1; ; n++ {
			select {
			case v, ok := <-d.values:
				if !ok || !yield(Reading{n, v}, nil) {
					return
				}
			case <-ctx.Done():
				yield(Reading{}, ctx.Err())
				return
			}
		}
	}, nil
}

// end snippet

// device is a sensor.
type device struct {
	name   string
	values chan float64
}

// snippet: cold

// twice makes two calls with one stream: each range is a call.
func twice(ctx context.Context, s *Sensors) (first, second []Reading, err error) {
	readings, err := s.Watch(ctx, Readings{Sensor: "roof"}) // nothing is sent yet
	if err != nil {
		return nil, nil, err
	}
	first, err = readings.Collect()
	if err != nil {
		return first, nil, err
	}
	second, err = readings.Collect()
	return first, second, err
}

// end snippet

// snippet: break

// until reads up to the first value above a limit. The break ends the call, on
// the server too.
func until(ctx context.Context, s *Sensors, limit float64) (Reading, error) {
	readings, err := s.Watch(ctx, Readings{Sensor: "roof"})
	if err != nil {
		return Reading{}, err
	}
	for r, err := range readings {
		if err != nil {
			return Reading{}, err // the last turn of the loop
		}
		if r.Value > limit {
			return r, nil
		}
	}
	return Reading{}, nil // the stream ended by itself
}

// end snippet

// snippet: layer

// note tells how each call ended. Around a response stream it begins with the
// loop and ends with it.
func note(tell func(op, outcome string)) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation().Name
		tell(op, "began")
		return ctx, func(err error) error {
			switch {
			case errors.Is(err, endpoint.ErrStopped):
				tell(op, "stopped by its reader")
			case err != nil:
				tell(op, "failed")
			default:
				tell(op, "ended")
			}
			return err
		}, nil
	}
}

// end snippet

// snippet: retry

// retry repeats calls whose error says that they may be repeated. It is asked
// only while no item was yielded and no request stream was ranged over.
type retry struct{ attempts int64 }

func (retry) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{N: 1}, nil
}

func (retry) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

func (r retry) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	again := t.N < r.attempts && endpoint.Retryable(err)
	return ctx, endpoint.Token{N: t.N + 1}, again
}

// end snippet

// snippet: hedge

// hedge starts a second attempt when the first item takes too long. The attempt
// whose first item comes first is the stream; the other one is cancelled.
type hedge struct{ after time.Duration }

func (hedge) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (hedge) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

func (h hedge) Delay(_ context.Context, started int) (time.Duration, bool) {
	return h.after, started < 2
}

// end snippet

// snippet: consumer

// upload adds up a request stream. It may stop before the end; what it does not
// read is not sent.
func upload(_ context.Context, readings endpoint.Stream[Reading]) (Sum, error) {
	var sum Sum
	for r, err := range readings {
		if err != nil {
			return sum, err // the sender failed, or went away
		}
		sum.Count++
		sum.Total += r.Value
	}
	return sum, nil
}

// end snippet

// snippet: send

// send passes values on as they come. The service may answer before the stream
// ends; the cancel ends a stream that is then waiting for a value.
func send(ctx context.Context, s *Sensors, values <-chan float64) (Sum, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return s.Upload(ctx, func(yield func(Reading, error) bool) {
		for n := 1; ; n++ {
			select {
			case v, ok := <-values:
				if !ok || !yield(Reading{n, v}, nil) {
					return
				}
			case <-ctx.Done():
				yield(Reading{}, ctx.Err())
				return
			}
		}
	})
}

// end snippet

// snippet: adjust

// adjust answers each reading before it takes the next one.
func adjust(_ context.Context, readings endpoint.Stream[Reading]) (endpoint.Stream[Reading], error) {
	return func(yield func(Reading, error) bool) {
		for r, err := range readings {
			r.Value *= 10
			if !yield(r, err) || err != nil {
				return
			}
		}
	}, nil
}

// end snippet

// snippet: http2

// newServer returns a server that speaks HTTP/1 and HTTP/2, both also without TLS.
func newServer(addr string, svc *Sensors, opts ...server.Option) (*server.Server, error) {
	s, mux := server.New("sensors", opts...), http.NewServeMux()
	err := httpx.Mount(mux, svc, httpx.Use(s))
	s.Add(server.HTTP(addr, httpx.Problems(mux, httpx.Use(s))))
	return s, err
}

// dial returns a client that speaks HTTP/2 without TLS.
func dial(url string) (*Sensors, *httpx.Conn, error) {
	var s Sensors
	conn := httpx.To(url, httpx.H2C())
	return &s, conn, httpx.Client(conn, &s)
}

// end snippet

// snippet: pressure

// counted tells of each item that is produced. A reader that is slow, or stops,
// holds the producer: yield returns when the item was taken.
func counted(readings endpoint.Stream[Reading], produced func()) endpoint.Stream[Reading] {
	return func(yield func(Reading, error) bool) {
		for r, err := range readings {
			produced()
			if !yield(r, err) {
				return
			}
		}
	}
}

// end snippet

// snippet: seq

// double takes and returns any sequence of readings and errors.
func double(in iter.Seq2[Reading, error]) iter.Seq2[Reading, error] {
	return func(yield func(Reading, error) bool) {
		for r, err := range in {
			r.Value *= 2
			if !yield(r, err) {
				return
			}
		}
	}
}

// doubled uses it on a stream. Both are functions of one type, which assigns to
// and from each of them.
func doubled(s endpoint.Stream[Reading]) endpoint.Stream[Reading] {
	var plain func(yield func(Reading, error) bool) = s
	plain = double(plain)
	return plain
}

// end snippet
