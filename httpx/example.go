package httpx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint"
)

// Example gives documents an example of the route: a request and the response to it. name
// tells several of them apart. The types are those of the endpoint, and for a stream, those of
// its items. A request that breaks the rules of its type is a construction error, and so are
// other types, an empty name, and two examples of one name. The values must not be changed
// afterwards.
func Example[Req, Resp any](name string, req Req, resp Resp) RouteOption {
	ex := RouteExample{Name: name, Request: req, Response: resp}
	types := types{reflect.TypeFor[Req](), reflect.TypeFor[Resp]()}
	return routeOption(func(c *routeConfig) { c.examples = append(c.examples, example{ex, types, &req}) })
}

// example is one that is not checked yet.
type example struct {
	RouteExample

	types types
	req   any // points to the request
}

// A RouteExample is an example of a route; see [Example].
type RouteExample struct {
	Name     string
	Request  any // a value of the type of the request
	Response any // a value of the type of the response
}

// checkExamples returns what is wrong with the examples of the route.
func (rt *route) checkExamples() []error {
	var faults []error
	for i, ex := range rt.opts.examples {
		if err := rt.checkExample(&ex); err != nil {
			faults = append(faults, fmt.Errorf("option Example: %q: %w", ex.Name, err))
		}
		if slices.ContainsFunc(rt.opts.examples[:i], func(other example) bool { return other.Name == ex.Name }) {
			faults = append(faults, fmt.Errorf("option Example: %q: there are two of this name", ex.Name))
		}
	}
	return faults
}

func (rt *route) checkExample(ex *example) error {
	if ex.Name == "" {
		return errors.New("the name is empty")
	}
	if ex.types != rt.types {
		return fmt.Errorf("the types are %s and %s, want %s and %s", ex.types.req, ex.types.resp, rt.types.req, rt.types.resp)
	}
	err := rt.rules.Check(ex.req, nil)
	if err == nil {
		return nil
	}
	var faults []error
	for _, v := range endpoint.ErrorOf(err).Violations() {
		faults = append(faults, fmt.Errorf("the request breaks a rule at %s: %s", v.Pointer+v.Parameter, v.Detail))
	}
	return errors.Join(faults...)
}
