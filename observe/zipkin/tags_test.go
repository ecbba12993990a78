package zipkin_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TestTags has values of all kinds as texts, even those that JSON has no form for.
func TestTags(t *testing.T) {
	t.Parallel()
	s := newStub()
	s.Attributes = []attribute.KeyValue{
		attribute.Bool("bool", true), attribute.Int("int", -7), attribute.Float64("float", 1.5), attribute.Float64("nan", math.NaN()),
		attribute.StringSlice("texts", []string{"a", `b"`}), attribute.Int64Slice("ints", []int64{1, 2}),
		attribute.BoolSlice("bools", []bool{true, false}), attribute.String("bytes", "a\xffb"), attribute.String("empty", ""),
	}
	s.DroppedAttributes, s.DroppedEvents, s.DroppedLinks = 1, 2, 3
	assert.Equal(t, map[string]any{
		"bool": "true", "int": "-7", "float": "1.5", "nan": "NaN", "texts": `["a","b\""]`, "ints": "[1,2]", "bools": "[true,false]",
		"bytes": "a\ufffdb", "empty": "",
		"otel.dropped_attributes_count": "1", "otel.dropped_events_count": "2", "otel.dropped_links_count": "3",
	}, export(t, s)[0]["tags"])
}

// TestError has a tag "error" on spans that have failed, and on no others.
func TestError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status sdktrace.Status
		of     []attribute.KeyValue
		want   any
	}{
		"unset":                {sdktrace.Status{}, nil, nil},
		"OK":                   {sdktrace.Status{Code: codes.Ok}, nil, map[string]any{"otel.status_code": "OK"}},
		"error":                {sdktrace.Status{Code: codes.Error, Description: "sold out"}, nil, map[string]any{"otel.status_code": "ERROR", "error": "sold out"}},
		"error without a text": {sdktrace.Status{Code: codes.Error}, nil, map[string]any{"otel.status_code": "ERROR", "error": ""}},
		"an attribute, unset":  {sdktrace.Status{}, []attribute.KeyValue{attribute.Bool("error", false)}, nil},
		"an attribute, an error": {
			sdktrace.Status{Code: codes.Error, Description: "sold out"},
			[]attribute.KeyValue{attribute.String("error", "other")},
			map[string]any{"otel.status_code": "ERROR", "error": "sold out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub()
			s.Status, s.Attributes = tt.status, tt.of
			assert.Equal(t, tt.want, export(t, s)[0]["tags"])
		})
	}
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	s := newStub()
	s.Events = []sdktrace.Event{
		{Name: "first_item", Time: start},
		{Name: `an "exception"`, Time: start, Attributes: []attribute.KeyValue{
			attribute.String("type", "*errors\xff"), attribute.Int("n", 3), attribute.Bool("escaped", true), attribute.Float64("f", math.Inf(1)),
		}},
	}
	at := float64(start.UnixMicro())
	assert.Equal(t, []any{
		map[string]any{"timestamp": at, "value": "first_item"},
		map[string]any{"timestamp": at, "value": `"an \"exception\"": {"escaped":true,"f":"Infinity","n":3,"type":"*errors` + "\ufffd" + `"}`},
	}, export(t, s)[0]["annotations"])
}
