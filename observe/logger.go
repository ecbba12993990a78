package observe

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/ids"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/outcome"
	"github.com/typedkit/endpoint/internal/unrouted"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// What a record holds of each text, in bytes: peers and callers decide how long some of
// them are, and a retry joins the errors of all its attempts.
const (
	maxAttr  = 2 << 10
	maxStack = 64 << 10
)

// The messages of records are always the same.
const (
	callMessage    = "call"
	attemptMessage = "attempt"
	eventMessage   = "event"
	valuesMessage  = "values"
)

// A Logger writes one record for each call, to a slog.Logger. The message is
// "call", for an attempt of [Telemetry.Attempts] "attempt". Requests and
// responses are never in it; see [Logger.Values].
//
// The attributes have the names of OpenTelemetry's semantic conventions where
// there is one, and those that spans and metrics have:
//
//	endpoint.operation          "Profiles.Get", on every transport
//	transport, side             "http", "grpc"; "server", "client"
//	rpc.method, request.size, response.size   "pb.Profiles/Get"; not over HTTP
//	http.request.method, http.route, http.response.status_code, http.request.body.size, http.response.body.size
//	rpc.response.status_code    the code: "OK", "NOT_FOUND"
//	url.path                    of a request that no route matches, up to 256 bytes
//	network.peer.address, network.peer.port
//	duration, first_item        with their unit, as time.Duration writes them: "1.25ms"
//	attempt                     from 1, for a call that is part of a repeated one
//	enduser.id                  the principal of the call, see [endpoint.Call.Principal]
//	request_id                  of the header X-Request-Id; see [RequestIDs]
//	trace_id, span_id           of [TraceIDs]; of the header traceparent without
//	error.type                  the code of an error
//	endpoint.error              its identity, "domain/REASON"
//	error.message               its whole text with the cause
//	exception.stacktrace        of a panic
//	skipped                     how many records of the operation sampling left out before
//
// What is empty is left out. Each text is cut after 2 KiB, a stack after 64 KiB. Where
// the slog.Logger is not enabled for the level, a call costs a few nanoseconds and no
// allocation.
//
// A Logger is a layer itself and a [Part] of [New]. The zero Logger refuses every
// call and writes nothing; make one with [NewLogger]. A Logger is safe for
// concurrent use.
type Logger struct {
	*Telemetry
	log *slog.Logger // nil in a zero Logger

	level        func(*Observation) slog.Level
	fair         time.Duration
	trace        func(context.Context) (trace, span string)
	own          func(context.Context) []slog.Attr // nil for none
	first, every int64
	sampling     bool
	faults       construct.Faults
}

// A LogOption is an option of [NewLogger].
type LogOption interface{ applyLog(l *Logger) }

type logOption func(*Logger)

func (o logOption) applyLog(l *Logger) { o(l) }

// Levels has f decide the level of a call's record. The default is [LevelOf];
// attempts have slog.LevelDebug in any case. A nil f is a fault.
func Levels(f func(*Observation) slog.Level) LogOption {
	return logOption(func(l *Logger) {
		if l.faults.Check(f != nil, "Levels: the function is nil") {
			l.level = f
		}
	})
}

// A FairTimeOption is an option of [NewLogger] and [NewSLO].
type FairTimeOption interface {
	LogOption
	SLOOption
}

type fairTimeOption time.Duration

func (o fairTimeOption) applyLog(l *Logger) { o.apply(&l.faults, &l.fair) }
func (o fairTimeOption) applySLO(s *SLO)    { o.apply(&s.faults, &s.fair) }

func (o fairTimeOption) apply(faults *construct.Faults, fair *time.Duration) {
	*fair = time.Duration(o)
	faults.Check(o > 0, "FairTime: %v is not positive", *fair)
}

// FairTime sets how much time a call must have had for its end by a deadline to be the
// server's fault, if the deadline came over a wire, with the request of the call that
// this process serves. A tenth less is enough, because a call spends some of its time
// on its way. With less than that, a [Logger] writes the call at the level of one
// whose caller gave up, and an [SLO] does not count it. A deadline that this process
// sets counts in any case. The default is 1 s. A time that is not positive is a fault.
func FairTime(d time.Duration) FairTimeOption { return fairTimeOption(d) }

// Sample leaves out records below slog.LevelError. Of each operation and second,
// the first ones stay, and after them one of each every; 0 for none. Warnings
// are counted apart from what is below them. The next record says how many were
// skipped. By default, nothing is left out. A negative number is a fault.
func Sample(first, every int) LogOption {
	return logOption(func(l *Logger) {
		l.first, l.every, l.sampling = int64(first), int64(every), true
		l.faults.Check(first >= 0 && every >= 0, "Sample: a number is negative, got %d and %d", first, every)
	})
}

// TraceIDs has f find the ids of the trace in the context of a call, "" for
// none. The default reads those of the caller, from the header traceparent.
func TraceIDs(f func(context.Context) (trace, span string)) LogOption {
	return logOption(func(l *Logger) { l.trace = f })
}

// Attrs adds the program's own attributes to each record, after those of the Logger. f
// runs when the call has ended, on its goroutine, and only if the record is written. Its
// context is the one inside the Logger: endpoint.CallFrom finds the call, and the values
// are those set outside the Logger. A text is cut after 2 KiB, like every text of a
// record. A nil f is a fault.
//
//	observe.NewLogger(log, observe.Attrs(func(ctx context.Context) []slog.Attr {
//		return []slog.Attr{slog.String("tenant", endpoint.CallFrom(ctx).Header().Get("X-Tenant"))}
//	}))
func Attrs(f func(ctx context.Context) []slog.Attr) LogOption {
	return logOption(func(l *Logger) {
		if l.faults.Check(f != nil, "Attrs: the function is nil") {
			l.own = f
		}
	})
}

// NewLogger returns a Logger that writes to log. A nil log is a fault.
func NewLogger(log *slog.Logger, opts ...LogOption) *Logger {
	l := &Logger{log: cmp.Or(log, slog.New(slog.DiscardHandler)), fair: mark.FairTime, faults: construct.By("observe: NewLogger")}
	l.level = func(o *Observation) slog.Level { return levelOf(o, l.fair) }
	l.faults.Check(log != nil, "the slog.Logger is nil")
	construct.Options(&l.faults, l, opts, LogOption.applyLog)
	l.Telemetry = Alone(l, l.faults.Err())
	return l
}

// Err returns the faults of the construction, or nil.
func (l *Logger) Err() error {
	if l == nil || l.Telemetry == nil {
		return construct.Unmade("observe: Logger", "NewLogger")
	}
	return l.Telemetry.Err()
}

// Wrap returns next logged by l alone. Req and Resp are those of next.
func (l *Logger) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{l}.Wrap(next)
}

// LevelOf is the level of a record by the outcome of its call. Info: successes,
// callers that gave up or whose deadline left no fair time ([FairTime], of one
// second), and on a server what the caller did wrong. Warn: a policy of this process
// refused the call, and on a client every error, because the code that made the call
// decides what it means. Error: a fault of the server that this process is.
func LevelOf(o *Observation) slog.Level { return levelOf(o, mark.FairTime) }

func levelOf(o *Observation, fair time.Duration) slog.Level {
	// See decision 65.
	switch {
	case o.Code == endpoint.OK || o.Code == endpoint.Canceled:
		return slog.LevelInfo
	case o.Call.Side() == endpoint.ClientSide || endpoint.Refused(o.Err):
		return slog.LevelWarn
	case blameFor(o, fair) == outcome.Fault:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// Observe is for [New].
func (l *Logger) Observe(op *endpoint.Operation) Observer { return l.observer(op, callMessage) }

// ObserveRoute is for [New].
func (l *Logger) ObserveRoute(op *endpoint.Operation) Observer { return l.Observe(op) }

// ObserveAttempts is for [Telemetry.Attempts].
func (l *Logger) ObserveAttempts(op *endpoint.Operation) Observer {
	return l.observer(op, attemptMessage)
}

func (l *Logger) observer(op *endpoint.Operation, message string) Observer {
	if l.log == nil {
		return nil // its layer refuses each call
	}
	c := &callLog{logger: l, message: message, level: l.level}
	if message == attemptMessage {
		c.level = func(*Observation) slog.Level { return slog.LevelDebug }
	}
	if l.sampling {
		for i := range c.samplers {
			c.samplers[i] = &sampler{first: l.first, every: l.every}
		}
	}
	// What is the same in every record is formatted once.
	for side := range c.handlers {
		attrs := operationAttrs(op, endpoint.Side(side)) //nolint:gosec // there are three
		c.handlers[side] = l.log.Handler()
		if len(attrs) > 0 {
			c.handlers[side] = l.log.Handler().WithAttrs(attrs)
		}
	}
	return c
}

// operationAttrs are the attributes that all calls of an operation share.
func operationAttrs(op *endpoint.Operation, side endpoint.Side) []slog.Attr {
	var r attrs
	r.operation(op)
	r.text("transport", op.Transport)
	r.text("side", side.String())
	if op.Transport == "http" {
		r.text("http.request.method", op.Method)
		r.text("http.route", op.Pattern)
	} else {
		r.text("rpc.method", strings.TrimPrefix(op.Method, "/"))
	}
	return r.all()
}

// callLog logs the calls of one operation.
type callLog struct {
	logger   *Logger
	message  string
	level    func(*Observation) slog.Level
	samplers [2]*sampler     // below warnings, and of warnings
	handlers [3]slog.Handler // by the side
}

func (c *callLog) Begin(context.Context, *Observation) (context.Context, endpoint.Token) {
	return nil, endpoint.Token{}
}

func (c *callLog) End(ctx context.Context, _ endpoint.Token, o *Observation) {
	level := c.level(o)
	handler := c.handlers[o.Call.Side()]
	if !handler.Enabled(ctx, level) {
		return
	}
	end := o.Start().Add(o.Duration)
	skipped, ok := c.take(level, end)
	if !ok {
		return
	}
	var r attrs
	r.call(o)
	if o.Operation.Unrouted {
		r.text("url.path", unrouted.Path(ctx))
	}
	if n := o.Call.Attempt(); n > 1 || c.message == attemptMessage {
		r.number("attempt", int64(n))
	}
	r.caller(ctx, o.Call, c.logger)
	r.err(o.Err, o.Code)
	r.number("skipped", skipped)
	r.user(ctx, c.logger)
	record := slog.NewRecord(end, level, c.message, 0)
	record.AddAttrs(r.all()...)
	_ = handler.Handle(ctx, record) // as slog does: there is nobody to tell
}

// take says whether a record of the level passes the sampling.
func (c *callLog) take(level slog.Level, at time.Time) (skipped int64, ok bool) {
	switch {
	case level >= slog.LevelError:
		return 0, true
	case level >= slog.LevelWarn:
		return c.samplers[1].take(at)
	}
	return c.samplers[0].take(at)
}

// Event logs an event of a policy, a pool or a server: Warn when it has an
// error, else Info, with the message "event". It is meant for options such as
// OnEvent of the packages resilience and discover:
//
//	resilience.NewBreaker(5, resilience.OnEvent(logger.Event))
func (l *Logger) Event(ctx context.Context, e endpoint.Event) {
	level := slog.LevelInfo
	if e.Err != nil {
		level = slog.LevelWarn
	}
	if l.log == nil || !l.log.Enabled(ctx, level) {
		return
	}
	var r attrs
	r.text("endpoint.source", e.Source)
	r.text("endpoint.kind", e.Kind)
	r.text("endpoint.name", e.Name)
	r.text("endpoint.detail", e.Detail)
	r.took("delay", e.Delay)
	r.operation(e.Operation)
	if e.Err != nil {
		r.err(e.Err, endpoint.CodeOf(e.Err))
	}
	r.caller(ctx, endpoint.CallFrom(ctx), l)
	r.user(ctx, l)
	l.log.LogAttrs(ctx, level, eventMessage, r.all()...)
}

// attrs collects attributes, without those that are empty.
type attrs struct {
	room [20]slog.Attr // for as many as a record has, without an allocation
	n    int           // of room
	list []slog.Attr   // all of them, if there are more
}

func (r *attrs) add(a slog.Attr) {
	if r.list == nil && r.n < len(r.room) {
		r.room[r.n] = a
		r.n++
		return
	}
	if r.list == nil {
		r.list = slices.Clone(r.room[:])
	}
	r.list = append(r.list, a)
}

func (r *attrs) all() []slog.Attr {
	if r.list != nil {
		return r.list
	}
	return r.room[:r.n]
}

func (r *attrs) text(key, value string) { r.longText(key, value, maxAttr) }

func (r *attrs) longText(key, value string, most int) {
	if value != "" {
		r.add(slog.String(key, clip(value, most)))
	}
}

func (r *attrs) number(key string, value int64) {
	if value != 0 {
		r.add(slog.Int64(key, value))
	}
}

func (r *attrs) took(key string, value time.Duration) {
	if value != 0 {
		r.duration(key, value)
	}
}

// duration adds a duration with its unit, because a JSON handler writes a time.Duration
// as a bare number. See decision 151.
func (r *attrs) duration(key string, value time.Duration) { r.add(slog.String(key, value.String())) }

func (r *attrs) operation(op *endpoint.Operation) {
	if op != nil {
		r.text("endpoint.operation", operationName(op))
	}
}

// call adds what is known of the call itself.
func (r *attrs) call(o *Observation) {
	r.text("rpc.response.status_code", o.Code.String())
	r.duration("duration", o.Duration)
	r.took("first_item", o.FirstItem)
	request, response := "request.size", "response.size"
	if o.Operation.Transport == "http" {
		r.number("http.response.status_code", int64(o.Call.Status(o.Err)))
		request, response = "http.request.body.size", "http.response.body.size"
	}
	r.number(request, o.Call.RequestBytes())
	r.number(response, o.Call.ResponseBytes())
	r.peer(o.Call.Peer())
}

func (r *attrs) peer(addr string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		r.text("network.peer.address", addr)
		return
	}
	r.text("network.peer.address", host)
	if n, err := strconv.Atoi(port); err == nil {
		r.number("network.peer.port", int64(n))
	}
}

// caller adds the principal, and the ids that tie the records of one request together.
func (r *attrs) caller(ctx context.Context, call *endpoint.Call, l *Logger) {
	r.text("enduser.id", call.Principal())
	if id := call.Header().Get(ids.RequestHeader); ids.ValidRequest(id) {
		r.text("request_id", id)
	}
	var trace, span string
	if l.trace != nil {
		trace, span = l.trace(ctx)
	} else {
		trace, span = ids.Trace(call.Header().Get("traceparent"))
	}
	r.text("trace_id", trace)
	r.text("span_id", span)
}

// user adds the program's own attributes.
func (r *attrs) user(ctx context.Context, l *Logger) {
	if l.own == nil {
		return
	}
	for _, a := range l.own(ctx) {
		if a.Value.Kind() == slog.KindString {
			a.Value = slog.StringValue(clip(a.Value.String(), maxAttr))
		}
		r.add(a)
	}
}

func (r *attrs) err(err error, code endpoint.Code) {
	if err == nil {
		return
	}
	r.text("error.type", code.String())
	if e := endpoint.ErrorOf(err); e.Domain() != "" {
		r.text("endpoint.error", bounds.Line(e.Domain())+"/"+bounds.Line(e.Reason()))
	}
	r.text("error.message", err.Error())
	if p, ok := errors.AsType[*endpoint.PanicError](err); ok {
		r.longText("exception.stacktrace", string(p.Stack), maxStack)
	}
}

// clip returns at most n bytes of s, and what of it is UTF-8.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
