package httpx

import (
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/constraint"
)

// bindRules plans the checks of requests by the rules in the tags of their type, and finds
// what is wrong with those tags. The rules of responses are for documents.
func (rt *route) bindRules() []error {
	rules, errs := constraint.Compile(rt.types.req, constraint.Options{
		Parameter: placeOf, Body: isWholeBody, Foreign: rt.config.Foreign, Defaults: rt.op.Streams&endpoint.ClientStream != 0,
	})
	rt.rules = rules
	faults := addFaults(nil, "request", errs)
	_, errs = constraint.Compile(rt.types.resp, constraint.Options{Response: true, Parameter: replyPlaceOf, Body: isWholeBody, Foreign: rt.config.Foreign})
	return addFaults(faults, "response", errs)
}

// placeOf returns the place of a field of a request that is a parameter.
func placeOf(sf reflect.StructField) (place string, ok bool) { return placeIn(sf, sourcesOf(true)) }

// replyPlaceOf returns the place of a field of a response that is not part of the body.
func replyPlaceOf(sf reflect.StructField) (place string, ok bool) {
	return placeIn(sf, sourcesOf(false))
}

func placeIn(sf reflect.StructField, sources []source) (place string, ok bool) {
	for _, s := range sources {
		if name, ok := sf.Tag.Lookup(s.String()); ok {
			return s.place(name), true
		}
	}
	return "", false
}

func isWholeBody(sf reflect.StructField) bool {
	_, ok := sf.Tag.Lookup("body")
	return ok
}
