package otelx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/otelx"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

// FuzzB3 has a server read any headers of B3, in both forms. The call is served, and a trace
// that is continued has the ids of a header.
func FuzzB3(f *testing.F) {
	for _, s := range [][4]string{
		{traceID + "-" + spanID + "-1", "", "", ""},
		{traceID + "-" + spanID + "-d-" + spanID, "", "", ""},
		{traceID[16:] + "-" + spanID, "", "", ""},
		{"0", "", "", ""},
		{"", traceID, spanID, "1"},
		{"", traceID[16:], spanID, "true"},
		{"", strings.Repeat("0", 32), spanID, "2"},
		{traceID + "-", "g" + traceID, spanID + "0", "d"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	propagators := otelx.Propagators(propagation.NewCompositeTextMapPropagator(b3.New(), propagation.TraceContext{}))
	f.Fuzz(func(t *testing.T, single, trace, span, sampled string) {
		provider, rec := record(t)
		h := mount(t, selling(taking()), otelx.NewTracer(provider, propagators))
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders/7", strings.NewReader(`{"item":"pen"}`))
		req.Header.Set("Content-Type", "application/json")
		for key, value := range map[string]string{"b3": single, "X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Sampled": sampled} {
			if value != "" {
				req.Header.Set(key, value)
			}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		require.Equal(t, http.StatusOK, w.Code)
		for _, s := range rec.Ended() {
			require.True(t, s.SpanContext().IsValid())
			if parent := s.Parent(); parent.IsRemote() {
				sent := strings.ToLower(single + "-" + trace + "-" + span)
				require.Contains(t, sent, strings.TrimPrefix(parent.TraceID().String(), strings.Repeat("0", 16)))
				require.Contains(t, sent, parent.SpanID().String())
			}
		}
	})
}
