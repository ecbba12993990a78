package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/typedkit/endpoint"
)

// skin returns a middleware that draws its skin of the onion.
func skin(depth int, name string) endpoint.Middleware[string, string] {
	indent := strings.Repeat("│ ", depth)
	return func(next endpoint.Endpoint[string, string]) endpoint.Endpoint[string, string] {
		return func(ctx context.Context, req string) (string, error) {
			fmt.Printf("%s╭ %s: %s\n", indent, name, req)
			resp, err := next(ctx, req)
			fmt.Printf("%s╰ %s: %s\n", indent, name, resp)
			return resp, err
		}
	}
}

// The first middleware is the outermost: Chain(e, A, B, C) = A(B(C(e))).
func ExampleChain() {
	hello := func(_ context.Context, name string) (string, error) {
		fmt.Println("│ │ │ e")
		return "hello, " + name, nil
	}
	e := endpoint.Chain(hello, skin(0, "A"), skin(1, "B"), skin(2, "C"))
	_, _ = e(context.Background(), "gopher")
	// Output:
	// ╭ A: gopher
	// │ ╭ B: gopher
	// │ │ ╭ C: gopher
	// │ │ │ e
	// │ │ ╰ C: hello, gopher
	// │ ╰ B: hello, gopher
	// ╰ A: hello, gopher
}

// A typed middleware sees the request and the response. Types are inferred.
func ExampleMiddleware() {
	answers := map[string]int{}
	length := func(_ context.Context, s string) (int, error) {
		fmt.Println("counting", s)
		return len(s), nil
	}
	cached := func(next endpoint.Endpoint[string, int]) endpoint.Endpoint[string, int] {
		return func(ctx context.Context, s string) (int, error) {
			if n, ok := answers[s]; ok {
				return n, nil
			}
			n, err := next(ctx, s)
			if err == nil {
				answers[s] = n
			}
			return n, err
		}
	}
	e := endpoint.Chain(length, cached)
	for range 3 {
		n, err := e(context.Background(), "gopher")
		fmt.Println(n, err)
	}
	// Output:
	// counting gopher
	// 6 <nil>
	// 6 <nil>
	// 6 <nil>
}

func ExampleRecover() {
	first := func(_ context.Context, list []string) (string, error) { return list[0], nil }
	e := endpoint.Chain(first, endpoint.Recover)
	_, err := e(context.Background(), nil)
	fmt.Println(err)
	fmt.Println(endpoint.CodeOf(err))
	if p, ok := errors.AsType[*endpoint.PanicError](err); ok {
		fmt.Println(len(p.Stack) > 0)
	}
	// Output:
	// panic: runtime error: index out of range [0] with length 0
	// INTERNAL
	// true
}
