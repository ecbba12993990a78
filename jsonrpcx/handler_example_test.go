package jsonrpcx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

type (
	Text struct {
		S string `json:"s"`
	}
	Count struct {
		N int `json:"n"`
	}
)

var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "strings", "EMPTY", "empty string")

// Strings is a service: its fields are the implementation on a server, the calls on a
// client.
type Strings struct {
	Upper endpoint.Endpoint[Text, Text]
	Count endpoint.Endpoint[Text, Count]
}

func (s *Strings) JSONRPC(m *jsonrpcx.Methods) {
	m.Method("upper", &s.Upper, jsonrpcx.Fails(ErrEmpty))
	m.Method("count", &s.Count)
}

func newStrings() *Strings {
	return &Strings{
		Upper: func(_ context.Context, t Text) (Text, error) {
			if t.S == "" {
				return Text{}, ErrEmpty
			}
			return Text{strings.ToUpper(t.S)}, nil
		},
		Count: func(_ context.Context, t Text) (Count, error) { return Count{len(t.S)}, nil },
	}
}

func ExampleMount() {
	mux := http.NewServeMux()
	if err := jsonrpcx.Mount(mux, "/rpc", newStrings()); err != nil {
		fmt.Println(err)
	}
	s := httptest.NewServer(httpx.Problems(mux))
	defer s.Close()

	for _, body := range []string{
		`{"jsonrpc": "2.0", "method": "upper", "params": {"s": "hello"}, "id": 1}`,
		`{"jsonrpc": "2.0", "method": "count", "params": ["hello"], "id": "two"}`,
	} {
		r, err := http.Post(s.URL+"/rpc", "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		var answer bytes.Buffer
		_, _ = answer.ReadFrom(r.Body)
		_ = r.Body.Close()
		fmt.Println(answer.String())
	}
	// Output:
	// {"jsonrpc":"2.0","result":{"s":"HELLO"},"id":1}
	// {"jsonrpc":"2.0","result":{"n":5},"id":"two"}
}

func ExampleClient() {
	s := httptest.NewServer(jsonrpcx.Handler(newStrings()))
	defer s.Close()

	var c Strings
	if err := jsonrpcx.Client(httpx.To(s.URL), &c); err != nil {
		fmt.Println(err)
	}
	t, err := c.Upper(context.Background(), Text{"hello"})
	fmt.Println(t.S, err)
	_, err = c.Upper(context.Background(), Text{})
	fmt.Println(err, errors.Is(err, ErrEmpty))
	// Output:
	// HELLO <nil>
	// empty string true
}
