package observe

import (
	"context"
	"errors"
	"log/slog"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// Values logs requests and responses: off unless its Wrap is around an endpoint,
// and then for those who look for a fault, with slog.LevelDebug by default.
//
//	svc.Get = endpoint.Chain(svc.Get, logger.Values().Wrap)
//
// A record has the message "values" and the attributes request, response and
// error.message. A value is written as JSON, by a plan that is made once for its
// type:
//
//   - A field with the tag log:"redact" is written as "[REDACTED]", whatever
//     it holds; one with log:"-" not at all. Both hold in every depth. What an
//     error says is its author's choice.
//   - A field has the name of its json tag. Unexported ones are left out.
//   - A slog.LogValuer is written as its LogValue; a time.Duration with its unit, as
//     "1.5s"; times, and other types that are a text and have no exported fields, as
//     their text; bytes as their number; streams, functions and channels as their type.
//   - Of a slice or a map, 16 elements are written; of a text 256 bytes; of all
//     together about the limit of [ValueLimit]. Nine levels deep it ends.
//
// A record of a call that panicked has the request. The Wrap of zero Values
// refuses every call; make them by [Logger.Values]. Values is safe for concurrent
// use.
type Values struct {
	logger *Logger
	level  slog.Level
	limit  int
	faults construct.Faults
}

// A ValueOption is an option of [Logger.Values].
type ValueOption interface{ applyValues(v *Values) }

type valueOption func(*Values)

func (o valueOption) applyValues(v *Values) { o(v) }

// ValueLevel is the level of the records. The default is slog.LevelDebug.
func ValueLevel(level slog.Level) ValueOption {
	return valueOption(func(v *Values) { v.level = level })
}

// ValueLimit bounds the text of a request and of a response. The default is 4096
// bytes. A number below 1 is a fault.
func ValueLimit(bytes int) ValueOption {
	return valueOption(func(v *Values) {
		v.limit = bytes
		v.faults.Check(bytes >= 1, "ValueLimit: the limit is below 1, got %d", bytes)
	})
}

// Values returns what logs requests and responses to the logger's slog.Logger.
func (l *Logger) Values(opts ...ValueOption) *Values {
	v := &Values{logger: l, level: slog.LevelDebug, limit: 4096, faults: construct.By("observe: Logger.Values")}
	construct.Options(&v.faults, v, opts, ValueOption.applyValues)
	return v
}

// Err returns the faults of the options and of the Logger, or nil.
func (v *Values) Err() error {
	if v == nil || v.logger == nil {
		return construct.Unmade("observe: Values", "Logger.Values")
	}
	return errors.Join(v.faults.Err(), v.logger.Err())
}

// Wrap returns next with its values logged. Req and Resp are those of next. With
// faults of the options it refuses every call.
func (v *Values) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	if err := v.Err(); err != nil {
		fault := endpoint.Errorf(endpoint.Internal, "%w", err)
		return func(context.Context, Req) (Resp, error) { return *new(Resp), fault }
	}
	in, out := planOf(reflect.TypeFor[Req]()), planOf(reflect.TypeFor[Resp]())
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		if !v.logger.log.Enabled(ctx, v.level) {
			return next(ctx, req)
		}
		// Before the call, which may change what the request points to.
		r := valueRecord{values: v, request: in.text(reflect.ValueOf(&req).Elem(), v.limit)}
		defer func() { r.log(ctx, out, reflect.ValueOf(&resp).Elem(), err) }()
		resp, err = next(ctx, req)
		r.returned = true
		return resp, err
	}
}

type valueRecord struct {
	values   *Values
	request  valueText
	returned bool
}

func (r *valueRecord) log(ctx context.Context, out *plan, resp reflect.Value, err error) {
	var a attrs
	a.operation(endpoint.CallFrom(ctx).Operation())
	a.add(slog.Any("request", r.request))
	switch {
	case !r.returned:
		a.text("error.type", endpoint.Internal.String())
		a.text("error.message", "the call did not return")
	case err != nil:
		a.err(err, endpoint.CodeOf(err))
	default:
		a.add(slog.Any("response", out.text(resp, r.values.limit)))
	}
	a.caller(ctx, endpoint.CallFrom(ctx), r.values.logger)
	a.user(ctx, r.values.logger)
	r.values.logger.log.LogAttrs(ctx, r.values.level, valuesMessage, a.all()...)
}

// valueText is JSON that a handler writes as it is, when it writes JSON, and
// else as a text.
type valueText string

func (t valueText) MarshalJSON() ([]byte, error) { return []byte(t), nil }
func (t valueText) MarshalText() ([]byte, error) { return []byte(t), nil }
func (t valueText) String() string               { return string(t) }
