package httpxtest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

type Word struct {
	S string `json:"s" required:"true" minLength:"1" maxLength:"10"`
}

type Length struct {
	N int `json:"n" minimum:"1"`
}

type Words struct {
	Count endpoint.Endpoint[Word, Length]
}

func (s *Words) HTTP(r *httpx.Routes) { r.POST("/count", &s.Count) }

// A printer is a test that prints its faults. In a test, use its own t.
type printer struct {
	testing.TB

	ends []func()
}

func (p *printer) Helper()                           {}
func (p *printer) Context() context.Context          { return context.Background() }
func (p *printer) Cleanup(f func())                  { p.ends = append(p.ends, f) }
func (p *printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func ExampleCheck() {
	t := new(printer)
	// One is subtracted by mistake.
	svc := &Words{Count: func(_ context.Context, w Word) (Length, error) { return Length{len(w.S) - 1}, nil }}
	httpxtest.Check(t, svc, httpxtest.Valid(&svc.Count, Word{"a"}))
	for _, end := range t.ends {
		end()
	}
	// Output:
	// httpxtest: Words.Count: POST /count {"s":"a"}: the response breaks the rules of httpxtest_test.Length: /n must be at least 1
}
