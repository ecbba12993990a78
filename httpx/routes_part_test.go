package httpx_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// TestParts has what is no fault.
func TestParts(t *testing.T) {
	t.Parallel()
	t.Run("one type twice, named", func(t *testing.T) {
		t.Parallel()
		svc := &replicas{Main: implemented(), Spare: implemented(), names: [2]string{"", "spare"}}
		var names []string
		see := &layer{exit: func(ctx context.Context, err error) error {
			op := endpoint.CallFrom(ctx).Operation()
			names = append(names, op.Service+"."+op.Name+" "+op.Method+" "+op.Pattern+" "+op.Transport)
			return err
		}}
		h := mounted(t, svc, httpx.Use(see))
		require.JSONEq(t, `{"s":"X"}`, ask(t, h, "POST", "/a/upper", `{"s":"x"}`).body)
		require.JSONEq(t, `{"n":1}`, ask(t, h, "POST", "/b/count", `{"s":"x"}`).body)
		require.Equal(t, []string{"Strings.Upper POST /a/upper http", "spare.Count POST /b/count http"}, names)
	})
	t.Run("an unset endpoint with Partial", func(t *testing.T) {
		t.Parallel()
		a := ask(t, mounted(t, route[Text, Text]("POST", "/", nil, httpx.Partial())), "POST", "/", `{"s":"x"}`)
		require.Equal(t, http.StatusNotImplemented, a.status)
		require.Equal(t, "UNIMPLEMENTED", a.problem(t).Code)
	})
	t.Run("an omitted endpoint", func(t *testing.T) {
		t.Parallel()
		svc := &described{A: upper, describe: func(s *described, r *httpx.Routes) { r.POST("/a", &s.A); r.Omit(&s.B) }}
		url := listen(t, mounted(t, svc))
		c := &described{describe: svc.describe}
		dial(t, url, c)
		got, err := c.A(t.Context(), Text{"x"})
		require.NoError(t, err)
		require.Equal(t, Text{"X"}, got)
		_, err = c.B(t.Context(), Text{"x"})
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
		require.ErrorContains(t, err, "B is not served over HTTP")
	})
	t.Run("options are copied", func(t *testing.T) {
		t.Parallel()
		layers := []endpoint.Layer{&layer{}}
		opt := httpx.Use(layers...)
		layers[0] = nil
		mounted(t, echo[Text]("POST", "/"), opt)
	})
}

// TestFormatFaults has a type that one of the formats has no form for.
func TestFormatFaults(t *testing.T) {
	t.Parallel()
	err := httpx.Mount(&ledger{}, echo[Text]("POST", "/"), httpx.Formats(codec.JSON(), codec.Bytes("image/png")))
	require.EqualError(t, err, "httpx: one.Do: request: httpx_test.Text: image/png takes []byte, not the kind struct\n"+
		"httpx: one.Do: response: httpx_test.Text: image/png takes []byte, not the kind struct")
	err = httpx.Mount(&ledger{}, post[inPath[int]](), httpx.Formats(codec.JSON(), codec.XML()))
	require.EqualError(t, err, `httpx: one.Do: request: field V: path tag "v" has no {v} in "/"`, "what the formats share is told once")
}

// TestHandlerFaults has a Handler panic with all that is wrong with it.
func TestHandlerFaults(t *testing.T) {
	t.Parallel()
	type bad struct {
		A chan int `query:"a"`
		B string   `query:"b" header:"b"`
	}
	got := catch(func() {
		httpx.Handler[bad, func()](nil, httpx.MaxBody(-1), httpx.Use(repeater{&layer{}}), httpx.Formats(), httpx.Fails(nil))
	})
	require.IsType(t, "", got)
	for _, text := range []string{
		"httpx: Handler[", "the endpoint is nil", "field A: the kind chan int has no form as a query parameter",
		"field B is tagged query and header", "a func has no form in JSON", "option MaxBody: -1", "repeats calls", "option Formats", "a nil error",
	} {
		require.Contains(t, got, text)
	}
	require.Nil(t, catch(func() {
		httpx.Handler[Text, Text](nil, httpx.Partial(), httpx.ErrorHook(func(context.Context, error) {}))
	}))
	require.Nil(t, catch(func() { httpx.Handler(func(context.Context, time.Time) (Text, error) { return Text{}, nil }) }))
}
