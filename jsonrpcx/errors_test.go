package jsonrpcx_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

var errBusy = endpoint.Define(endpoint.Aborted, "rooms", "BUSY", "the room is busy")

// failing serves a method that fails with err.
func failing(t *testing.T, err error, opts ...jsonrpcx.MethodOption) string {
	t.Helper()
	return ask(t, one(func(context.Context, endpoint.Empty) (int, error) { return 0, err }, opts...), call(""))
}

// failed returns the answer to a call that failed.
func failed(number int, message, data string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","error":{"code":%d,"message":%q,"data":%s},"id":1}`, number, message, data)
}

// TestNumbers has the number of each code, as a server writes it and a client reads it.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for code := endpoint.Canceled; code <= endpoint.Unauthenticated; code++ {
		number := -32000 - int(code)
		require.Equal(t, failed(number, "x", `{"code":"`+code.String()+`"}`), failing(t, endpoint.Errorf(code, "x")))
		e := foreign(t, `{"code":`+strconv.Itoa(number)+`,"message":"x"}`)
		require.Equal(t, []any{code, "x"}, []any{e.Code(), e.Message()})
	}
}

// TestErrors has the error objects of a server.
func TestErrors(t *testing.T) {
	t.Parallel()
	whole := errBusy.WithMeta("room", "7").WithRetryAfter(time.Second).WithHelp(endpoint.Link{URL: "u"}).WithViolations(endpoint.Violation{Pointer: "/a", Detail: "d"})
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"details":           {whole, failed(-32010, "the room is busy", `{"code":"ABORTED","domain":"rooms","reason":"BUSY","errors":[{"pointer":"/a","detail":"d"}],"retryAfter":"1s","help":[{"url":"u"}],"meta":{"room":"7"}}`)},
		"a plain error":     {errors.New("secret"), failed(-32013, "internal error", `{"code":"INTERNAL"}`)},
		"invalid params":    {jsonrpcx.ErrInvalidParams, failed(-32602, "invalid request", `{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST"}`)},
		"not UTF-8":         {endpoint.Errorf(endpoint.Aborted, "\xff"), failed(-32010, "\ufffd", `{"code":"ABORTED"}`)},
		"of another server": {endpoint.FromWire(endpoint.NotFound, "behind", "X", "secret"), failed(-32013, "internal error", `{"code":"INTERNAL"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, failing(t, tt.err))
		})
	}
	require.Equal(t, failed(17, "the room is busy", `{"code":"ABORTED","domain":"rooms","reason":"BUSY"}`), failing(t, errBusy, jsonrpcx.ErrorCode(errBusy, 17)))
	require.Equal(t, failed(-32010, "x", `{"code":"ABORTED"}`), failing(t, endpoint.Errorf(endpoint.Aborted, "x"), jsonrpcx.ErrorCode(errBusy, 17)))
}

// foreign returns the error of a client whose server answers with an error object.
func foreign(t *testing.T, object string) *endpoint.Error {
	t.Helper()
	return calling(t, 200, `{"jsonrpc":"2.0","error":`+object+`,"id":1}`)
}

// calling returns the error of a client whose server answers with a status and a body.
func calling(t *testing.T, status int, body string, opts ...jsonrpcx.MethodOption) *endpoint.Error {
	t.Helper()
	c := &described[single[int, int]]{describe: func(s *single[int, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do, opts...) }}
	require.NoError(t, jsonrpcx.Client(httpx.To(answering(t, status, body)), c))
	_, err := c.S.Do(t.Context(), 7)
	if err == nil {
		return nil
	}
	return endpoint.ErrorOf(err)
}

// TestForeignErrors has error objects of other servers.
func TestForeignErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100<<10)
	for name, tt := range map[string]struct {
		object  string
		code    endpoint.Code
		reason  string
		message string
		meta    string
	}{
		"data before the number":   {`{"code":-32005,"message":"m","data":{"code":"ABORTED","domain":"rooms","reason":"BUSY"}}`, endpoint.Aborted, "BUSY", "m", ""},
		"data of an unknown code":  {`{"code":-32005,"message":"m","data":{"code":"NEW"}}`, endpoint.Unknown, "", "m", ""},
		"other data":               {`{"code":-32005,"message":"m","data":[1]}`, endpoint.NotFound, "", "m", ""},
		"data of another form":     {`{"code":-32005,"message":"m","data":{"code":5}}`, endpoint.NotFound, "", "m", ""},
		"parse error":              {`{"code":-32700,"message":"m"}`, endpoint.InvalidArgument, "", "m", ""},
		"invalid request":          {`{"code":-32600,"message":"m"}`, endpoint.InvalidArgument, "", "m", ""},
		"method not found":         {`{"code":-32601,"message":"m"}`, endpoint.Unimplemented, "NO_ROUTE", "m", ""},
		"invalid params":           {`{"code":-32602,"message":"m"}`, endpoint.InvalidArgument, "", "m", ""},
		"internal error":           {`{"code":-32603,"message":"m"}`, endpoint.Internal, "", "m", ""},
		"an error of the server":   {`{"code":-32000,"message":"m"}`, endpoint.Unknown, "", "m", "-32000"},
		"another one":              {`{"code":-32017,"message":"m"}`, endpoint.Unknown, "", "m", "-32017"},
		"a code of the user's":     {`{"code":1001,"message":"m"}`, endpoint.Unknown, "", "m", "1001"},
		"a code that is too large": {`{"code":1e300,"message":"m"}`, endpoint.Unknown, "", "m", "1e300"},
		"no message":               {`{"code":1001}`, endpoint.Unknown, "", "unknown error", "1001"},
		"a long message":           {`{"code":-32005,"message":"` + long + `"}`, endpoint.NotFound, "", long[:64<<10], ""},
		"a long member":            {`{"code":-32005,"message":"m","data":{"code":"ABORTED","x":"` + long + `"}}`, endpoint.Aborted, "", "m", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := foreign(t, tt.object)
			require.Equal(t, []any{tt.code, tt.reason, tt.message, tt.meta, true}, []any{e.Code(), e.Reason(), e.Message(), e.Meta()["code"], e.Remote()})
			cause, ok := errors.AsType[*jsonrpcx.Error](e)
			require.True(t, ok)
			require.True(t, strings.HasPrefix(tt.object, `{"code":`+cause.Code), cause.Code)
		})
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	require.Equal(t, "m", (&jsonrpcx.Error{Code: "1", Message: "m"}).Error())
	require.Equal(t, "JSON-RPC error 1", (&jsonrpcx.Error{Code: "1"}).Error())
}
