package jsonrpcx_test

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// forms is a service with a request of each form.
type forms struct {
	Room  endpoint.Endpoint[room, room]
	List  endpoint.Endpoint[[]int, []int]
	Map   endpoint.Endpoint[map[string]int, map[string]int]
	Text  endpoint.Endpoint[string, string]
	Raw   endpoint.Endpoint[raw, raw]
	Empty endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func newForms() http.Handler {
	return handle(forms{echo[room], echo[[]int], echo[map[string]int], echo[string], echo[raw], echo[endpoint.Empty]}, func(s *forms, m *jsonrpcx.Methods) {
		m.Method("room", &s.Room)
		m.Method("list", &s.List)
		m.Method("map", &s.Map)
		m.Method("text", &s.Text)
		m.Method("raw", &s.Raw)
		m.Method("empty", &s.Empty)
	}, jsonrpcx.MaxBatch(10))
}

// FuzzHandler sends any bytes as a request. The answer is none, a response object, or an
// array of some; each has an id and either a result or an error with an integer as code.
func FuzzHandler(f *testing.F) {
	for _, method := range []string{"room", "list", "map", "text", "raw", "empty"} {
		for _, params := range []string{`{"name":"a","seats":2}`, `["a",null,3]`, `[1]`, `[]`, `{}`, `7`} {
			f.Add([]byte(`{"jsonrpc":"2.0","method":"` + method + `","params":` + params + `,"id":1}`))
		}
	}
	f.Add([]byte(`[{"jsonrpc":"2.0","method":"text","params":["x"],"id":"\u00e9"},{"jsonrpc":"2.0","method":"list"},1]`))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"x","id":null}`))
	f.Add([]byte(`[`))
	h := newForms()
	f.Fuzz(func(t *testing.T, body []byte) {
		w := post(h, string(body))
		if w.Code == http.StatusNoContent && w.Body.Len() == 0 {
			return
		}
		if w.Code != http.StatusOK {
			t.Fatalf("the status is %d: %s", w.Code, w.Body)
		}
		all := []jsontext.Value{w.Body.Bytes()}
		if strings.HasPrefix(w.Body.String(), "[") {
			if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all) == 0 {
				t.Fatalf("%v: %s", err, w.Body)
			}
		}
		for _, one := range all {
			checkResponse(t, one)
		}
	})
}

func checkResponse(t *testing.T, text jsontext.Value) {
	t.Helper()
	var r struct {
		Version string          `json:"jsonrpc"`
		Result  *jsontext.Value `json:"result"`
		Error   *struct {
			Code    *int    `json:"code"`
			Message *string `json:"message"`
		} `json:"error"`
		ID jsontext.Value `json:"id"`
	}
	err := json.Unmarshal(text, &r)
	switch {
	case err != nil, r.Version != "2.0", r.ID == nil, (r.Result == nil) == (r.Error == nil):
	case r.Error != nil && (r.Error.Code == nil || r.Error.Message == nil):
	default:
		return
	}
	t.Fatalf("not a response object: %v: %s", err, text)
}

// FuzzClient has a client read any bytes as an answer, with any status.
func FuzzClient(f *testing.F) {
	f.Add(200, []byte(`{"jsonrpc":"2.0","result":7,"id":1}`))
	f.Add(200, []byte(`{"jsonrpc":"2.0","error":{"code":-32005,"message":"m","data":{"code":"ABORTED","errors":[{"pointer":"/a"}]}},"id":1}`))
	f.Add(500, []byte(`{"jsonrpc":"2.0","error":{"code":1e9,"message":7},"id":null}`))
	f.Add(404, []byte(`<html>`))
	f.Add(204, []byte{})
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		n, err := callOver(t, status, body)
		if err != nil && endpoint.CodeOf(err) == endpoint.OK {
			t.Fatalf("an error has no code: %v", err)
		}
		if err != nil && n != 0 {
			t.Fatalf("an error comes with the response %d: %v", n, err)
		}
		_ = endpoint.ErrorOf(err).Error()
	})
}
