package jsonrpcx_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

const (
	parseError     = `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`
	invalidRequest = `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`
)

// TestIDs has ids of every kind, which come back as they were written.
func TestIDs(t *testing.T) {
	t.Parallel()
	h := one(echo[int])
	for _, id := range []string{
		`1`, `-0`, `1.50`, `1E400`, `123456789012345678901234567890`, `0.1e-2`, `null`,
		`""`, `"a"`, `"\u0061\/\n"`, `"žluťoučký 🐎"`, `"` + strings.Repeat("x", 10_000) + `"`,
	} {
		require.Equal(t, `{"jsonrpc":"2.0","result":7,"id":`+id+`}`, ask(t, h, `{"id": `+id+` ,"jsonrpc":"2.0","method":"do","params":[7]}`))
		require.Equal(t, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":`+id+`}`, ask(t, h, `{"id": `+id+`,"jsonrpc":"2.0","method":"other"}`))
	}
	for _, id := range []string{`true`, `false`, `[]`, `[1]`, `{}`} {
		got := ask(t, h, `{"jsonrpc":"2.0","method":"do","params":[7],"id":`+id+`}`)
		require.Equal(t, []string{invalidRequest}, []string{got})
	}
}

// TestMessages has request objects that are valid, and some that are not.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ request, response string }{
		"other members":       {`{"jsonrpc":"2.0","method":"do","params":[7],"id":1,"auth":{"a":[]}}`, `{"jsonrpc":"2.0","result":7,"id":1}`},
		"escapes":             {`{"\u006asonrpc":"2.\u0030","method":"d\u006f","params":[7],"id":1}`, `{"jsonrpc":"2.0","result":7,"id":1}`},
		"spaces":              {" \r\n\t{ \"jsonrpc\" : \"2.0\" , \"method\" : \"do\", \"params\" : [ 7 ] , \"id\" : 1 } \n", `{"jsonrpc":"2.0","result":7,"id":1}`},
		"no version":          {`{"method":"do","params":[7]}`, invalidRequest},
		"version 1.0":         {`{"jsonrpc":"1.0","method":"do","params":[7]}`, invalidRequest},
		"a number as version": {`{"jsonrpc":2.0,"method":"do","params":[7]}`, invalidRequest},
		"no method":           {`{"jsonrpc":"2.0","params":[7]}`, invalidRequest},
		"an id keeps":         {`{"jsonrpc":"2.0","id":"x"}`, strings.Replace(invalidRequest, "null", `"x"`, 1)},
		"null as method":      {`{"jsonrpc":"2.0","method":null}`, invalidRequest},
		"null as params":      {`{"jsonrpc":"2.0","method":"do","params":null}`, invalidRequest},
		"a text as params":    {`{"jsonrpc":"2.0","method":"do","params":"7"}`, invalidRequest},
		"a number as params":  {`{"jsonrpc":"2.0","method":"do","params":7}`, invalidRequest},
		"a member twice":      {`{"jsonrpc":"2.0","method":"do","method":"do","params":[7]}`, invalidRequest},
		"an empty method":     {`{"jsonrpc":"2.0","method":"","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		"a number":            {`7`, invalidRequest},
		"null":                {`null`, invalidRequest},
		"an array in a batch": {`[[]]`, `[` + invalidRequest + `]`},
		"nothing":             {``, parseError},
		"spaces alone":        {`  `, parseError},
		"two objects":         {call(`[7]`) + call(`[7]`), parseError},
		"not UTF-8":           {"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", parseError},
		"half a pair":         {`{"jsonrpc":"2.0","method":"\ud800"}`, parseError},
		"too deep":            {strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), parseError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran := false
			h := one(func(_ context.Context, n int) (int, error) { ran = true; return n, nil })
			require.Equal(t, tt.response, ask(t, h, tt.request))
			require.Equal(t, strings.Contains(tt.response, "result"), ran)
		})
	}
}

// TestNotification has a notification that fails, whose error goes nowhere but to the hook.
func TestNotification(t *testing.T) {
	t.Parallel()
	fails := one(func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Aborted, "x") })
	for _, request := range []string{
		`{"jsonrpc":"2.0","method":"do","params":[7]}`, `{"jsonrpc":"2.0","method":"do","params":["x"]}`, `[{"jsonrpc":"2.0","method":"do","params":[7]}]`,
	} {
		require.Empty(t, ask(t, fails, request))
	}
}
