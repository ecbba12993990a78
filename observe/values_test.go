package observe_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/observe"
)

func discarded() *endpointtest.Recorder { return new(endpointtest.Recorder) }

const secret = "hunter2"

type (
	credentials struct {
		User     string `json:"user"`
		Password string `json:"password" log:"redact"`
		Pin      *int   `log:"redact"`
		Session  string `log:"-"`
		hidden   string
	}
	base struct {
		ID    int    `json:"id"`
		Token string `log:"redact"`
	}
	tree struct {
		Name string
		Key  string `log:"redact"`
		Kids []*tree
	}
	card   string // says of itself what may be seen
	pair   struct{ A, B string }
	opaque struct{ token string }
)

func (card) LogValue() slog.Value { return slog.StringValue("card") }

func (pair) LogValue() slog.Value {
	return slog.GroupValue(slog.String("a", "yes"), slog.Any("nested", credentials{User: "u", Password: secret}))
}

// values returns what is logged of a value, as a request.
func values[T any](t *testing.T, v T, opts ...observe.ValueOption) string {
	t.Helper()
	log, out := newLog(slog.LevelDebug)
	_, err := observe.NewLogger(log).Values(opts...).Wrap(func(context.Context, T) (int, error) { return 1, nil })(t.Context(), v)
	require.NoError(t, err)
	var record struct {
		Request any `json:"request"`
	}
	require.NoError(t, json.Unmarshal([]byte(out.text()), &record))
	text, err := json.Marshal(record.Request, json.Deterministic(true))
	require.NoError(t, err)
	return string(text)
}

func TestValues(t *testing.T) {
	t.Parallel()
	pin := 4711
	creds := credentials{User: "ann", Password: secret, Pin: &pin, Session: secret, hidden: secret}
	const seen = `{"Pin":"[REDACTED]","password":"[REDACTED]","user":"ann"}`
	for _, tt := range []struct{ name, got, want string }{
		{"struct", values(t, creds), seen},
		{"zero", values(t, credentials{}), `{"Pin":"[REDACTED]","password":"[REDACTED]","user":""}`},
		{"pointer", values(t, &creds), seen},
		{"nil", values(t, (*credentials)(nil)), `null`},
		{"slice", values(t, []credentials{creds}), `[` + seen + `]`},
		{"array", values(t, [1]credentials{creds}), `[` + seen + `]`},
		{"map", values(t, map[string]credentials{"k": creds}), `{"k":` + seen + `}`},
		{"map of pointers", values(t, map[int]*credentials{1: &creds}), `{"1":` + seen + `}`},
		{"key that is a struct", values(t, map[base]int{{Token: secret}: 1}), `{"[observe_test.base]":1}`},
		{"any", values(t, []any{creds, &creds, 1, nil}), `[` + seen + `,` + seen + `,1,null]`},
		{"embedded", values(t, struct {
			base
			*credentials
			Own string
		}{base{1, secret}, &creds, "x"}), `{"Own":"x","Token":"[REDACTED]","id":1}`},
		{"unexported with a name", values(t, struct {
			base `json:"base"`
			X    int
		}{}), `{"X":0}`},
		{"redacted embedded", values(t, struct {
			base `log:"redact"`
		}{base{1, secret}}), `{"base":"[REDACTED]"}`},
		{"recursive", values(t, tree{Name: "a", Key: secret, Kids: []*tree{{Name: "b", Key: secret}}}), `{"Key":"[REDACTED]","Kids":[{"Key":"[REDACTED]","Kids":[],"Name":"b"}],"Name":"a"}`},
		{"LogValuer", values(t, struct{ C card }{secret}), `{"C":"card"}`},
		{"LogValuer with a group", values(t, pair{secret, secret}), `{"a":"yes","nested":{"Pin":"[REDACTED]","password":"[REDACTED]","user":"u"}}`},
		{"unexported only", values(t, opaque{secret}), `"[observe_test.opaque]"`},
		{"empty struct", values(t, struct{}{}), `{}`},
		{"duration", values(t, []time.Duration{1500 * time.Millisecond, 0}), `["1.5s","0s"]`},
		{"time", values(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), `"2026-01-02T03:04:05Z"`},
		{"address", values(t, netip.MustParseAddr("10.0.0.1")), `"10.0.0.1"`},
		{"nil address", values(t, net.IP(nil)), `null`},
		{"bytes", values(t, []byte(secret)), `"[7 bytes]"`},
		{"nil interface", values(t, error(nil)), `null`},
		{"error", values(t, errors.New(secret)), `"[errors.errorString]"`},
		{"function", values(t, func() {}), `"[func()]"`},
		{"stream", values(t, endpoint.Stream[int](nil)), `"[endpoint.Stream[int]]"`},
		{"scalars", values(t, []any{true, -1, uint8(2), 1.5, "a\"\n\xff", math.NaN(), math.Inf(1)}), `[true,-1,2,1.5,"a\"\n` + "\uFFFD" + `","NaN","+Inf"]`},
	} {
		require.Equal(t, tt.want, tt.got, tt.name)
		require.NotContains(t, tt.got, secret, tt.name)
	}
}

func TestValuesBounded(t *testing.T) {
	t.Parallel()
	require.Equal(t, `[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"… 84 more"]`, values(t, make([]int, 100)))
	require.Equal(t, `"`+strings.Repeat("x", 256)+`…"`, values(t, strings.Repeat("x", 10_000)))
	many := map[int]string{}
	for i := range 1000 {
		many[i] = "v"
	}
	require.Contains(t, values(t, many), `"…":984`)
	wide := [][]string{}
	for range 16 {
		wide = append(wide, []string{strings.Repeat("y", 300), strings.Repeat("z", 300)})
	}
	require.Less(t, len(values(t, wide)), 4096+600)
	require.Less(t, len(values(t, wide, observe.ValueLimit(100))), 600)
	type pair struct{ First, Second string }
	require.JSONEq(t, `{"First":"a","…":true}`, values(t, pair{"a", "b"}, observe.ValueLimit(2)), "the mark of what is left out")
	require.Equal(t, `["a","…"]`, values(t, []string{"a", "b"}, observe.ValueLimit(2)))
	type linked struct{ Next *linked }
	circle := &linked{}
	circle.Next = circle
	require.Contains(t, values(t, circle), `"…"`)
	var loop any
	loop = &loop
	require.Contains(t, values(t, loop), `…`)
}

type (
	shy  struct{} // has no text to give
	deep struct{ n int }
)

func (shy) MarshalText() ([]byte, error) { return nil, errors.New(secret) }

// LogValue never comes to an end.
func (d deep) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("next", deep{d.n + 1}), slog.String("password", "seen"))
}

type endless struct{}

func (e endless) LogValue() slog.Value { return slog.AnyValue(e) }

func TestValuesOfMethods(t *testing.T) {
	t.Parallel()
	require.Equal(t, `[null,null,null]`, values(t, []any{(*pair)(nil), (*time.Time)(nil), (*netip.Addr)(nil)}))
	require.Equal(t, `"[observe_test.shy]"`, values(t, shy{}))
	require.JSONEq(t, `{"1":"x"}`, values(t, map[uint8]string{1: "x"}))
	require.Contains(t, values(t, deep{}), `"…"`)
	require.NotContains(t, values(t, endless{}), `"next"`)
	require.JSONEq(t, `{"x":[1]}`, values(t, listed{}))
}

type listed struct{}

func (listed) LogValue() slog.Value { return slog.GroupValue(slog.Any("x", []int{1})) }

type panicking struct{}

func (panicking) LogValue() slog.Value { panic("boom") }

type unwilling struct{}

func (*unwilling) MarshalText() ([]byte, error) { panic(secret) }

// TestValuesNeverPanic guards the call from what a type does when it is logged.
func TestValuesNeverPanic(t *testing.T) {
	t.Parallel()
	require.NotContains(t, values(t, panicking{}), secret)
	require.Equal(t, `"[panicked]"`, values(t, unwilling{}))
	require.Equal(t, `"[panicked]"`, values(t, &unwilling{}))
}

func TestValuesRecord(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelDebug)
	e := observe.NewLogger(log).Values().Wrap(func(_ context.Context, c *credentials) (credentials, error) {
		name := c.User
		c.User = "changed by the handler"
		switch name {
		case "fail":
			return credentials{}, errMissing
		case "panic":
			panic("boom")
		}
		return credentials{User: "out"}, nil
	})
	ctx, _ := serving(t, getOp, map[string][]string{"X-Request-Id": {"abc"}})
	_, err := e(ctx, &credentials{User: "in"})
	require.NoError(t, err)
	_, err = e(ctx, &credentials{User: "fail"})
	require.ErrorIs(t, err, errMissing)
	require.Panics(t, func() { _, _ = e(ctx, &credentials{User: "panic"}) })

	see := func(user string) map[string]any {
		return map[string]any{"user": user, "password": "[REDACTED]", "Pin": "[REDACTED]"}
	}
	record := func(request string, more map[string]any) map[string]any {
		more["level"], more["msg"], more["request_id"] = "DEBUG", "values", "abc"
		more["endpoint.operation"], more["request"] = "Profiles.Get", see(request)
		return more
	}
	require.Equal(t, []map[string]any{
		record("in", map[string]any{"response": see("out")}),
		record("fail", map[string]any{"error.type": "NOT_FOUND", "endpoint.error": "profiles/MISSING", "error.message": "no such profile"}),
		record("panic", map[string]any{"error.type": "INTERNAL", "error.message": "the call did not return"}),
	}, out.records(t))
}

func TestValuesOff(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	logger := observe.NewLogger(log)
	e := func(_ context.Context, s string) (string, error) { return s, nil }
	_, err := logger.Values().Wrap(e)(t.Context(), "in")
	require.NoError(t, err)
	require.Empty(t, out.text())
	_, err = logger.Values(observe.ValueLevel(slog.LevelInfo)).Wrap(e)(t.Context(), "in")
	require.NoError(t, err)
	require.Contains(t, out.text(), `"request":"in","response":"in"`)

	_, err = logger.Values(observe.ValueLimit(0)).Wrap(e)(t.Context(), "in")
	require.ErrorContains(t, err, "ValueLimit: the limit is below 1")
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
}

// TestValuesAsText has a handler that writes no JSON.
func TestValuesAsText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := observe.NewLogger(log).Values().Wrap(func(_ context.Context, c credentials) (int, error) { return 1, nil })(t.Context(), credentials{User: "ann", Password: secret})
	require.NoError(t, err)
	require.Contains(t, out.String(), `request="{\"user\":\"ann\",\"password\":\"[REDACTED]\",\"Pin\":\"[REDACTED]\"}" response=1`)
}
