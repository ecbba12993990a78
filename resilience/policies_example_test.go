package resilience_test

import (
	"context"
	"fmt"

	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// A policy built with failsafe-go, for what those of this package do not do.
func ExamplePolicies() {
	answers := []string{"", "", "found"}
	lookup := func(context.Context, string) (string, error) {
		answer := answers[0]
		answers = answers[1:]
		return answer, nil
	}
	notYet := retrypolicy.NewBuilder[string]().HandleResult("").Build()
	e := endpoint.Chain(lookup, resilience.Policies(notYet).Wrap)
	fmt.Println(e(context.Background(), "go"))
	// Output: found <nil>
}

func ExampleComposed_Wrap() {
	retry := resilience.Policies(retrypolicy.NewWithDefaults[string]())
	e := retry.Wrap(func(_ context.Context, name string) (string, error) { return "hello " + name, nil })
	fmt.Println(e(context.Background(), "Go"))
	// Output: hello Go <nil>
}
