package openapi

import (
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/jsonschema"
)

// securitySchemes are the schemes that the operations of a document require.
type securitySchemes struct {
	all   []endpoint.Scheme
	names map[endpoint.Scheme]string
}

// findSchemes returns the schemes of all routes, each with a name that a document may have.
func (c *config) findSchemes(routes []*route) *securitySchemes {
	s := &securitySchemes{names: map[endpoint.Scheme]string{}}
	owner := map[string]endpoint.Scheme{}
	for _, rt := range routes {
		for _, needs := range rt.Operation.Requires {
			for _, n := range needs {
				if _, ok := s.names[n.Scheme]; ok {
					continue
				}
				name := jsonschema.Clean(n.Scheme.Info().Name)
				if other, ok := owner[name]; ok || name == "" {
					c.faults.Add("%s requires a scheme whose name in a document would be %q%s", rt.id(), name, asOther(other))
				}
				owner[name] = n.Scheme
				s.names[n.Scheme] = name
				s.all = append(s.all, n.Scheme)
				if schemeObject(n.Scheme.Info()) == nil {
					c.faults.Add("%s requires the scheme %s, whose type %q a document has no words for", rt.id(), n.Scheme.Info().Name, n.Scheme.Info().Type)
				}
			}
		}
	}
	return s
}

func asOther(other endpoint.Scheme) string {
	if other == nil {
		return ""
	}
	return ", as that of another scheme"
}

// object returns the schemes by name, nil if there are none.
func (s *securitySchemes) object() *jsonschema.Object {
	if len(s.all) == 0 {
		return nil
	}
	o := &jsonschema.Object{}
	for _, scheme := range s.all {
		o.Set(s.names[scheme], schemeObject(scheme.Info()))
	}
	return o.Sort()
}

// schemeObject describes a scheme, or returns nil if a document cannot.
func schemeObject(info endpoint.SchemeInfo) *jsonschema.Object {
	o := new(jsonschema.Object).Set("type", info.Type).SetText("description", info.Doc)
	switch info.Type {
	case "http":
		return o.Set("scheme", info.Scheme).SetText("bearerFormat", info.Format)
	case "apiKey":
		return o.Set("name", info.Param).Set("in", info.In)
	case "mutualTLS":
		return o
	}
	return nil
}

// of returns the alternatives of what an operation requires, nil if anybody may call it.
func (s *securitySchemes) of(op *endpoint.Operation) []any {
	var alternatives []any
	for _, needs := range op.Requires {
		all := &jsonschema.Object{}
		for _, n := range needs {
			scopes := []any{}
			for _, scope := range n.Scopes {
				scopes = append(scopes, scope)
			}
			all.Set(s.names[n.Scheme], scopes)
		}
		alternatives = append(alternatives, all)
	}
	return alternatives
}

// challengeHeader returns the header of an answer that asks for credentials, or nil.
func challengeHeader(op *endpoint.Operation, errs []*endpoint.Error) *jsonschema.Object {
	if !slices.ContainsFunc(errs, func(e *endpoint.Error) bool {
		return e.Is(endpoint.ErrUnauthenticated) || e.Is(endpoint.ErrScopeMissing)
	}) {
		return nil
	}
	var schemes []string
	for _, needs := range op.Requires {
		for _, n := range needs {
			scheme, _, _ := strings.Cut(n.Scheme.Challenge("", nil), " ")
			if scheme != "" && !slices.Contains(schemes, scheme) {
				schemes = append(schemes, scheme)
			}
		}
	}
	if len(schemes) == 0 {
		return nil
	}
	return new(jsonschema.Object).Set("WWW-Authenticate", new(jsonschema.Object).
		Set("description", "Asks for credentials: "+strings.Join(schemes, ", ")+".").Set("schema", jsonschema.Typed("string")))
}
