package observe_test

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
)

// FuzzHeaders has a caller's headers in a record: ids have their form, whatever
// is sent, and the record is one line of JSON.
func FuzzHeaders(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "abc", "127.0.0.1:80")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "a b", "[::1]:80")
	f.Add("00-00000000000000000000000000000000-0000000000000000-00", "\x00\n", "@")
	trace, id := regexp.MustCompile(`^[0-9a-f]{32}$`), regexp.MustCompile(`^[!-~]{1,128}$`)
	f.Fuzz(func(t *testing.T, traceparent, requestID, peer string) {
		log, out := newLog(slog.LevelInfo)
		ctx, w := serving(t, getOp, map[string][]string{"Traceparent": {traceparent}, "X-Request-Id": {requestID}})
		w.SetPeer(peer)
		require.NoError(t, run(ctx, observe.NewLogger(log), 0, nil))
		records := out.records(t)
		require.Len(t, records, 1)
		if got, ok := records[0]["trace_id"].(string); ok {
			require.Regexp(t, trace, got)
		}
		if got, ok := records[0]["request_id"].(string); ok {
			require.Regexp(t, id, got)
		}
	})
}

// FuzzValues has any JSON as a request: what is logged is JSON and bounded, and
// nothing of what is tagged is in it.
func FuzzValues(f *testing.F) {
	f.Add(`{"Name":"a","Any":{"x":[1,2,{"y":null}]},"Key":"hunter2-hunter2","Kids":[{"Key":"hunter2-hunter2"}]}`)
	f.Add(`{"Any":"` + strings.Repeat("ü", 500) + `"}`)
	type node struct {
		Name string
		Key  string `log:"redact"`
		Any  any
		Map  map[string]string
		Kids []*node
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n node
		if json.Unmarshal([]byte(text), &n) != nil {
			return
		}
		n.Key = "hunter2-hunter2"
		log, out := newLog(slog.LevelDebug)
		_, err := observe.NewLogger(log).Values().Wrap(func(context.Context, node) (int, error) { return 1, nil })(t.Context(), n)
		require.NoError(t, err)
		line := out.text()
		require.True(t, jsontext.Value(line).IsValid(), line)
		require.Less(t, len(line), 12_000)
		if !strings.Contains(text, n.Key) {
			require.NotContains(t, line, n.Key)
		}
	})
}

// FuzzStatsD has labels of any text: each line stays one, of the form that
// servers read.
func FuzzStatsD(f *testing.F) {
	f.Add("db", "opened", "Get")
	f.Add("a|b#c:d,e\nf:1|c", "", "\xff")
	line := regexp.MustCompile(`^[A-Za-z0-9_/.-]+:1\|c(\|#([a-z.]+:[A-Za-z0-9_/.-]+,?)+)?$`)
	f.Fuzz(func(t *testing.T, name, kind, method string) {
		lines := sent(t, func(s *observe.StatsD) {
			s.Event(t.Context(), endpoint.Event{Source: "test", Name: name, Kind: kind, Operation: &endpoint.Operation{Name: method}})
			_ = run(t.Context(), s, 0, nil)
		})
		for _, l := range lines {
			if strings.HasPrefix(l, "endpoint.test.") {
				require.Regexp(t, line, l)
				return
			}
		}
		t.Errorf("no line of the event in %q", lines)
	})
}
