package contractguide

import (
	"context"
	"encoding/json/v2"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// snippet: discover

func ExampleGuests_JSONRPC() {
	add := func(context.Context, Guest) (endpoint.Empty, error) { return endpoint.Empty{}, nil }
	handler := jsonrpcx.Handler(&Guests{Add: add}, jsonrpcx.Info("guests", "1.0"))
	ask := httptest.NewRequest(http.MethodPost, "/rpc", strings.NewReader(`{"jsonrpc": "2.0", "method": "rpc.discover", "id": 1}`))
	ask.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, ask)
	var reply struct {
		Result struct {
			Methods []struct {
				Name   string
				Params []struct{ Name string }
				Errors []struct{ Message string }
			}
		}
	}
	err := json.Unmarshal(answer.Body.Bytes(), &reply, json.MatchCaseInsensitiveNames(true))
	fmt.Println(reply.Result.Methods, err)
	// Output: [{guests.add [{name} {email}] [{the guest is known} {invalid request}]}] <nil>
}

// end snippet
