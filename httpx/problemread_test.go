package httpx_test

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// list returns n times what make returns, with its number, and commas between.
func list(n int, item func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item(i))
	}
	return b.String()
}

// receiveProblem returns the error of a client that receives the problem as the body
// of an answer, and that of one that receives it as the end of a stream.
func receiveProblem(t *testing.T, problem string) map[string]*endpoint.Error {
	t.Helper()
	c := failing(nil)
	dial(t, listen(t, answering(500, problem, "Content-Type", "application/problem+json")), c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.Error(t, err)
	var s allKinds
	dial(t, listen(t, answering(200, "event: error\ndata: "+problem+"\n\n", "Content-Type", "text/event-stream")), &s)
	items, streamed := s.Count(t.Context(), Text{})
	require.NoError(t, streamed)
	_, streamed = items.Collect()
	require.Error(t, streamed)
	return map[string]*endpoint.Error{"a body": endpoint.ErrorOf(err), "an event": endpoint.ErrorOf(streamed)}
}

// TestProblemBeyondLimits has problems with more than a client reads: the code and
// what was read stay, the rest is dropped.
func TestProblemBeyondLimits(t *testing.T) {
	t.Parallel()
	const start = `{"code":"NOT_FOUND","domain":"shop","reason":"GONE","detail":"gone","retryAfter":"3s",`
	fault := func(i int) string { return fmt.Sprintf(`{"pointer":"/%d"}`, i) }
	link := func(i int) string { return fmt.Sprintf(`{"url":"u%d"}`, i) }
	pair := func(i int) string { return fmt.Sprintf(`"k%d":"v%d"`, i, i) }
	for name, tt := range map[string]struct {
		rest               string
		faults, links, all int // of meta
	}{
		"no more than is read":       {`"errors":[` + list(1000, fault) + `],"help":[` + list(1000, link) + `],"meta":{` + list(1000, pair) + `}}`, 1000, 1000, 1000},
		"too many faults":            {`"errors":[` + list(1001, fault) + `],"help":[{"url":"u0"}]}`, 1000, 1, 0},
		"too many links":             {`"help":[` + list(2000, link) + `],"meta":{"k0":"v0"}}`, 0, 1000, 1},
		"too many metadata":          {`"meta":{` + list(2000, pair) + `},"errors":[{"pointer":"/0"}]}`, 1, 0, 1000},
		"faults of too many bytes":   {`"help":[{"url":"u0"}],"errors":[` + list(10_000, fault) + `]}`, 1000, 1, 0},
		"a long text at the end":     {`"errors":[{"pointer":"/0"}],"help":[{"url":"u0"}],"meta":{"k0":"v0","k1":"` + strings.Repeat("x", 100_000) + `"}}`, 1, 1, 1},
		"a long text in a fault":     {`"meta":{"k0":"v0"},"errors":[{"pointer":"/0"},{"pointer":"/1","detail":"` + strings.Repeat("x", 100_000) + `"}]}`, 2, 0, 1},
		"a long member of no use":    {`"errors":[{"pointer":"/0"}],"more":[` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + strings.Repeat(",1", 50_000) + `]}`, 1, 0, 0},
		"something after the object": {`"errors":[{"pointer":"/0"}]}` + strings.Repeat(" ", 100_000) + "x", 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for place, e := range receiveProblem(t, start+tt.rest) {
				require.ErrorIs(t, e, errOne, place)
				require.Equal(t, endpoint.NotFound, e.Code(), place)
				require.Equal(t, "gone", e.Message(), place)
				require.Equal(t, 3*time.Second, e.RetryAfter(), place)
				require.Len(t, e.Violations(), tt.faults, place)
				require.Len(t, e.Help(), tt.links, place)
				require.Len(t, e.Meta(), tt.all, place)
				for i, v := range e.Violations() {
					require.Equal(t, fmt.Sprintf("/%d", i), v.Pointer, "%s: the first ones", place)
				}
				for i := range tt.all {
					require.Equal(t, fmt.Sprintf("v%d", i), e.Meta()[fmt.Sprintf("k%d", i)], "%s: the first ones", place)
				}
			}
		})
	}
	t.Run("a code after what is read", func(t *testing.T) {
		t.Parallel()
		for place, e := range receiveProblem(t, `{"detail":"`+strings.Repeat("x", 100_000)+`","code":"NOT_FOUND"}`) {
			require.Equal(t, endpoint.Internal, e.Code(), "%s: that of the status", place)
		}
	})
}

// brokenBody is a body that breaks off after a text.
type brokenBody struct{ io.Reader }

func broken(text []byte) io.ReadCloser {
	return &brokenBody{io.MultiReader(bytes.NewReader(text), errReader{})}
}

func (*brokenBody) Close() error { return nil }

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// receiveCut returns the error of a client that receives the start of a problem.
func receiveCut(tb testing.TB, start []byte) error {
	tb.Helper()
	c := failing(nil)
	within(tb, transport(func(r *http.Request) *http.Response {
		return &http.Response{
			StatusCode: 500, Request: r, Body: broken(start), ContentLength: -1,
			Header: http.Header{"Content-Type": {"application/problem+json"}},
		}
	}), c)
	_, err := c.Do(tb.Context(), endpoint.Empty{})
	return err
}

// TestProblemCut has a problem that breaks off after each of its bytes: what is whole
// of it is read.
func TestProblemCut(t *testing.T) {
	t.Parallel()
	const problem = `{"status":500,"code":"NOT_FOUND","more":{"a":[1,{"b":[]}]},"errors":[{"pointer":"/a","detail":"x"},null,{"detail":"y\u00fc"}],"n":-1.5e3,"meta":{"k":"v","l":"w"},"help":[{"url":"u"}],"detail":"gone"} `
	whole := func(member string) int { return strings.Index(problem, member) + len(member) }
	for n := range len(problem) + 1 {
		e := endpoint.ErrorOf(receiveCut(t, []byte(problem[:n])))
		want := endpoint.Internal
		if n >= whole(`"NOT_FOUND"`) {
			want = endpoint.NotFound
		}
		require.Equal(t, want, e.Code(), problem[:n])
		require.Equal(t, n >= whole(`"gone"`), e.Message() == "gone", problem[:n])
		require.Equal(t, n >= whole(`"/a"`), len(e.Violations()) > 0 && e.Violations()[0].Pointer == "/a", problem[:n])
		require.Equal(t, n >= whole(`"y\u00fc"`), len(e.Violations()) == 3 && e.Violations()[2].Detail == "yü", problem[:n])
		require.Equal(t, n >= whole(`"w"`), len(e.Meta()) == 2, problem[:n])
		require.Equal(t, n >= whole(`"url":"u"`), len(e.Help()) == 1 && e.Help()[0].URL == "u", problem[:n])
		if want == endpoint.NotFound {
			extensions := string(causeOf(e).Extensions)
			require.Equal(t, n >= whole(`{"b":[]}`), strings.Contains(extensions, `{"a":[1,{"b":[]}]}`), problem[:n])
			require.Equal(t, n > whole(`-1.5e3`), strings.Contains(extensions, `"n":-1.5e3`), problem[:n])
		}
	}
}

// FuzzProblemCut has the start of a problem be read as far as it is whole, and a whole
// one as json reads it.
func FuzzProblemCut(f *testing.F) {
	for _, problem := range []string{
		"", "{", "{}", `{"code":"NOT_FOUND"}`, `{"code":"A","errors":[{"pointer":"/a"},{}],"meta":{"a":"b"},"help":[{"url":"u"}]}`,
		`{"code":"A","errors":null,"meta":null,"help":null}`, `{"code":"A","errors":{},"x":1}`, `{"code":"A","meta":{"a":"b","a":"c"}}`, `{"code":"A","status":4`,
		`{"code":"A","x":` + strings.Repeat("[", 20_000), `{"code":"\ud800"}`, "{\"code\":\"\xff\"}", `[{"code":"A"}]`, `{"code":"A"}}`, `{"code" :"A" , "errors" : [ { "pointer" : "/a" } ] } `,
	} {
		f.Add([]byte(problem), len(problem)/2)
	}
	f.Fuzz(func(t *testing.T, problem []byte, n int) {
		if n >= 0 && n < len(problem) {
			e := endpoint.ErrorOf(receiveCut(t, problem[:n]))
			require.NotEqual(t, endpoint.OK, e.Code())
			_ = e.Error()
		}
		var want struct {
			Code   string            `json:"code"`
			Errors []any             `json:"errors"`
			Meta   map[string]string `json:"meta"`
		}
		if len(problem) >= 64<<10 || bytes.Contains(problem, []byte(`\`)) || len(problem) == 0 || problem[0] != '{' || json.Unmarshal(problem, &want) != nil || want.Code == "" {
			return
		}
		// All but the last brace is there, so all members are whole.
		all := bytes.TrimRight(problem, " \t\r\n")
		e := endpoint.ErrorOf(receiveCut(t, all[:len(all)-1]))
		if causeOf(e) == nil || causeOf(e).Code == "" {
			return // a member of another kind than Problem's
		}
		require.Equal(t, want.Code, causeOf(e).Code)
		require.Len(t, e.Violations(), min(len(want.Errors), 1000))
		require.Len(t, e.Meta(), min(len(want.Meta), 1000))
	})
}
