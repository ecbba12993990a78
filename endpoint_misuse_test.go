package endpoint_test

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// prelude is the code around each program of TestMisuse: a user's types, a
// service, a policy with a generic Wrap and one with a typed hook.
const prelude = `package p

import (
	"context"
	"errors"

	"github.com/typedkit/endpoint"
)

type (
	Text  struct{ S string }
	Count struct{ N int }
)

type Strings struct {
	Upper endpoint.Endpoint[Text, Text]
	Count endpoint.Endpoint[Text, Count]
	Words endpoint.Endpoint[Text, endpoint.Stream[string]]
}

func upper(ctx context.Context, t Text) (Text, error)                   { return t, nil }
func count(ctx context.Context, t Text) (Count, error)                  { return Count{len(t.S)}, nil }
func words(ctx context.Context, t Text) (endpoint.Stream[string], error) { return nil, nil }

func cached(next endpoint.Endpoint[Text, Text]) endpoint.Endpoint[Text, Text] { return next }

func timing(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil }

type limiter struct{ rate int }

func newLimiter() *limiter { return &limiter{1} }

func (l *limiter) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (l *limiter) Exit(ctx context.Context, t endpoint.Token, err error) error { return err }

func (l *limiter) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{l}.Wrap(next)
}

func (l *limiter) If[Resp any](match func(Resp, error) bool) *when[Resp] { return &when[Resp]{match} }

type when[Resp any] struct{ match func(Resp, error) bool }

func (w *when[Resp]) Wrap[Req any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return next
}

type halfLayer struct{}

func (halfLayer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

var (
	svc     Strings
	lim     = newLimiter()
	stack   = endpoint.Stack{lim, endpoint.LayerFunc(timing)}
	notYet  = func(c Count, err error) bool { return c.N == 0 }
	errNone = errors.New("none")
	ctx     = context.Background()
)

func use(args ...any) {
	%s
}
`

// What users write right needs no type argument, and what they write wrong gets
// an error from the compiler that says what is wrong with which type.
func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		code string
		want []string // in the compiler's first error; none for right code
	}{
		{"a service", `svc = Strings{Upper: upper, Count: count, Words: words}`, nil},
		{"a chain of a function", `svc.Upper = endpoint.Chain(upper, cached, lim.Wrap, stack.Wrap, endpoint.Recover)`, nil},
		{"a chain of a field", `svc.Count = endpoint.Chain(svc.Count, stack.Wrap, lim.If(notYet).Wrap)`, nil},
		{"a chain of a stream", `svc.Words = endpoint.Chain(words, lim.Wrap, endpoint.LayerFunc(timing).Wrap, endpoint.Recover)`, nil},
		{"a chain of nothing", `svc.Upper = endpoint.Chain(upper)`, nil},
		{"one Wrap", `svc.Upper = stack.Wrap(upper)`, nil},
		{"a closure", `svc.Upper = lim.Wrap(func(_ context.Context, t Text) (Text, error) { return t, nil })`, nil},
		{"a stack of all kinds", `stack = endpoint.Stack{lim, stack, endpoint.LayerFunc(timing), endpoint.Only(lim, func(op *endpoint.Operation) bool { return op.Idempotent })}`, nil},
		{"a range", `s, _ := svc.Words(ctx, Text{}); for word, err := range s { use(word, err) }`, nil},
		{"an error", `use(errors.Is(endpoint.Errorf(endpoint.NotFound, "no: %w", errNone), errNone))`, nil},

		{
			"a field's request", `svc.Upper = func(_ context.Context, n int) (Text, error) { return Text{}, nil }`,
			[]string{"cannot use", "func(_ context.Context, n int) (Text, error)", "as endpoint.Endpoint[Text, Text] value in assignment"},
		},
		{
			"a field's response", `svc = Strings{Upper: count}`,
			[]string{"cannot use count", "(Count, error)", "as endpoint.Endpoint[Text, Text] value in struct literal"},
		},
		{
			"a function without a context", `svc.Upper = func(t Text) (Text, error) { return t, nil }`,
			[]string{"func(t Text) (Text, error)", "as endpoint.Endpoint[Text, Text] value"},
		},
		{
			"a stream for a value", `svc.Upper = words`,
			[]string{"cannot use words", "(endpoint.Stream[string], error)", "as endpoint.Endpoint[Text, Text] value"},
		},
		{
			"a value for a stream", `svc.Words = upper`,
			[]string{"cannot use upper", "(Text, error)", "as endpoint.Endpoint[Text, endpoint.Stream[string]] value"},
		},
		{
			"a value given as a stream", `svc.Words = func(context.Context, Text) (endpoint.Stream[string], error) { return []string{"a"}, nil }`,
			[]string{"cannot use []string", "as endpoint.Stream[string] value in return statement"},
		},
		{
			"a middleware of other types", `svc.Count = endpoint.Chain(count, cached)`,
			[]string{"cached", "Endpoint[Text, Text]", "does not match inferred type endpoint.Middleware[Text, Count]"},
		},
		{
			"a hook of another response", `svc.Upper = endpoint.Chain(upper, lim.If(notYet).Wrap)`,
			[]string{"lim.If(notYet).Wrap", "Endpoint[Req, Count]", "does not match inferred type endpoint.Middleware[Text, Text]"},
		},
		{
			"a chain for another field", `svc.Upper = endpoint.Chain(count, lim.Wrap)`,
			[]string{"cannot use endpoint.Chain(count, lim.Wrap)", "endpoint.Endpoint[Text, Count]", "as endpoint.Endpoint[Text, Text] value"},
		},
		{
			"a policy in place of its Wrap", `svc.Upper = endpoint.Chain(upper, lim)`,
			[]string{"lim", "*limiter", "does not match inferred type endpoint.Middleware[Text, Text]"},
		},
		{
			"a layer in place of its Wrap", `svc.Upper = endpoint.Chain(upper, timing)`,
			[]string{"timing", "does not match inferred type endpoint.Middleware[Text, Text]"},
		},
		{
			"a Wrap in place of a policy", `stack = endpoint.Stack{lim.Wrap}`,
			[]string{"cannot use generic function lim.Wrap without instantiation"},
		},
		{
			"the endpoint last", `svc.Upper = endpoint.Chain(cached, upper)`,
			[]string{"cached", "Endpoint[Req, Resp]"},
		},
		{
			"a middleware called", `svc.Upper = cached(count)`,
			[]string{"cannot use count", "as endpoint.Endpoint[Text, Text] value in argument to cached"},
		},
		{
			"a function as a layer", `stack = endpoint.Stack{timing}`,
			[]string{"cannot use timing", "as endpoint.Layer value", "missing method Enter"},
		},
		{
			"half a layer", `stack = endpoint.Stack{halfLayer{}}`,
			[]string{"cannot use halfLayer{}", "as endpoint.Layer value", "missing method Exit"},
		},
		{
			"another function as a layer", `stack = endpoint.Stack{endpoint.LayerFunc(func(ctx context.Context) error { return nil })}`,
			[]string{"cannot convert", "func(ctx context.Context) error", "endpoint.LayerFunc"},
		},
		{
			"a matching function without a pointer", `stack = endpoint.Stack{endpoint.Only(lim, func(op endpoint.Operation) bool { return true })}`,
			[]string{"func(op endpoint.Operation) bool", "as func(op *endpoint.Operation) bool value in argument to endpoint.Only"},
		},
		{
			"a call with another request", `svc.Upper(ctx, "text")`,
			[]string{`cannot use "text"`, "as Text value in argument to svc.Upper"},
		},
		{
			"a range with three variables", `s, _ := svc.Words(ctx, Text{}); for i, word, err := range s { use(i, word, err) }`,
			[]string{"expected at most 2 expressions"},
		},
		{
			"an error without a code", `use(endpoint.Errorf("no %s", "thing"))`,
			[]string{`cannot use "no %s"`, "as endpoint.Code value in argument to endpoint.Errorf"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := typeCheck(t, fmt.Sprintf(prelude, tt.code))
			if tt.want == nil {
				if err != nil {
					t.Errorf("%s\ndoes not compile: %v", tt.code, err)
				}
				return
			}
			if err == nil {
				t.Fatalf("%s\ncompiles, want an error with %q", tt.code, tt.want)
			}
			for _, text := range tt.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%s\ngets the error\n\t%v\nwant it to say %q", tt.code, err, text)
				}
			}
		})
	}
}

// typeCheck returns the first error that the compiler's type checker has for a
// program.
func typeCheck(t *testing.T, source string) error {
	t.Helper()
	exports, err := exportData()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	conf := types.Config{
		Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }),
	}
	_, err = conf.Check("p", fset, []*ast.File{file}, nil)
	return err
}

// exportData returns the files with the compiled form of this package and of
// all that it imports.
var exportData = sync.OnceValues(func() (map[string]string, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	for dec := jsontext.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		err := json.UnmarshalDecode(dec, &p)
		if errors.Is(err, io.EOF) {
			return exports, nil
		}
		if err != nil {
			return nil, err
		}
		exports[p.ImportPath] = p.Export
	}
})
