package zipkin

import (
	"encoding/binary"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"iter"
	"time"

	"github.com/typedkit/endpoint/internal/bounds"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A span is one of Zipkin's, as its API has it in JSON.
type span struct {
	TraceID     string            `json:"traceId"`
	ID          string            `json:"id"`
	ParentID    string            `json:"parentId,omitzero"`
	Name        string            `json:"name,omitzero"`
	Kind        string            `json:"kind,omitzero"`
	Timestamp   int64             `json:"timestamp,omitzero"` // µs since 1970
	Duration    int64             `json:"duration,omitzero"`  // µs
	Local       *endpoint         `json:"localEndpoint,omitzero"`
	Remote      *endpoint         `json:"remoteEndpoint,omitzero"`
	Annotations []annotation      `json:"annotations,omitzero"`
	Tags        map[string]string `json:"tags,omitempty"`
}

type annotation struct {
	Timestamp int64  `json:"timestamp"` // µs since 1970
	Value     string `json:"value"`
}

// newSpan returns s as Zipkin has it.
func newSpan(s sdktrace.ReadOnlySpan) span {
	z := span{
		TraceID:     traceID(s.SpanContext().TraceID()),
		ID:          s.SpanContext().SpanID().String(),
		Name:        s.Name(),
		Kind:        kind(s.SpanKind()),
		Timestamp:   s.StartTime().UnixMicro(),
		Duration:    duration(s.StartTime(), s.EndTime()),
		Local:       local(s.Resource()),
		Remote:      remote(s.SpanKind(), s.Attributes()),
		Annotations: annotations(s.Events()),
		Tags:        tags(s),
	}
	if s.Parent().HasSpanID() {
		z.ParentID = s.Parent().SpanID().String()
	}
	return z
}

// traceID is in 16 digits if the rest would be zeros: so did those write it that make
// traces of 64 bits, and Zipkin joins spans by their text.
func traceID(id trace.TraceID) string {
	if binary.BigEndian.Uint64(id[:8]) == 0 {
		return id.String()[16:]
	}
	return id.String()
}

func kind(k trace.SpanKind) string {
	switch k {
	case trace.SpanKindServer:
		return "SERVER"
	case trace.SpanKindClient:
		return "CLIENT"
	case trace.SpanKindProducer:
		return "PRODUCER"
	case trace.SpanKindConsumer:
		return "CONSUMER"
	default: // Zipkin has no kind of a span within a process
		return ""
	}
}

// duration is at least 1: Zipkin takes 0 for a duration that is not known.
func duration(start, end time.Time) int64 {
	return max(end.Sub(start).Microseconds(), 1)
}

// The largest name and text of an error that a span keeps which is too large, in bytes.
const (
	maxName  = 128
	maxError = 512
)

// strip leaves out what can be large. Its tags say how much that was.
func (z *span) strip(s sdktrace.ReadOnlySpan) {
	kept := map[string]string{}
	for _, key := range []string{errorKey, statusKey} {
		if text, ok := z.Tags[key]; ok {
			kept[key] = bounds.Cut(text, maxError)
		}
	}
	count(kept, droppedAttributes, s.DroppedAttributes()+len(s.Attributes()))
	count(kept, droppedEvents, s.DroppedEvents()+len(s.Events()))
	z.Tags, z.Annotations = kept, nil
	z.Name = bounds.Cut(z.Name, maxName)
	for _, e := range []*endpoint{z.Local, z.Remote} {
		if e != nil {
			e.ServiceName = bounds.Cut(e.ServiceName, maxName)
		}
	}
}

// A batch is the body of a request, and the number of its spans.
type batch struct {
	body  []byte
	spans int
}

// batches yields spans in bodies of at most e.maxBody bytes, each in memory of its own:
// net/http may still read the last one when its request has failed.
func (e *Exporter) batches(spans []sdktrace.ReadOnlySpan) iter.Seq[batch] {
	return func(yield func(batch) bool) {
		var b batch
		for _, s := range spans {
			text := e.encode(s)
			if b.spans > 0 && len(b.body)+len(text)+len(",]") > e.maxBody {
				b.body = append(b.body, ']')
				if !yield(b) {
					return
				}
				b = batch{}
			}
			b.add(text)
		}
		if b.spans > 0 {
			b.body = append(b.body, ']')
			yield(b)
		}
	}
}

func (b *batch) add(text []byte) {
	separator := byte(',')
	if b.spans == 0 {
		separator = '['
	}
	b.body = append(append(b.body, separator), text...)
	b.spans++
}

// encode returns s in JSON, with room for the brackets of a body around it.
func (e *Exporter) encode(s sdktrace.ReadOnlySpan) []byte {
	z := newSpan(s)
	text := marshal(z)
	if len(text)+len("[]") > e.maxBody {
		z.strip(s)
		text = marshal(z)
	}
	return text
}

// marshal cannot fail: bytes that are not UTF-8, which attributes may have, are replaced.
func marshal(z span) []byte {
	text, err := json.Marshal(z, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return []byte("{}")
	}
	return text
}
