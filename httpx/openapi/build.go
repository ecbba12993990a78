package openapi

import (
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jsonschema"
)

// A route is one operation of a document.
type route struct {
	httpx.Route

	path  string            // with the names of its parameters in braces
	names map[string]string // the names of path parameters, by those of the route
}

// routes returns the operations of all services. Paths that differ only in the names of their
// parameters are one path of a document, with the names of the first.
func (c *config) routes() []*route {
	var all []*route
	paths := map[string]*route{}
	ids := map[string]string{}
	for _, svc := range c.services {
		described, err := httpx.Describe(svc.svc, svc.opts...)
		if err != nil {
			c.faults.Add("%w", err)
			continue
		}
		for _, r := range described {
			rt := &route{Route: r, names: map[string]string{}}
			shape := rt.shape(svc.prefix)
			if first, ok := paths[shape]; ok {
				rt.renameAs(first)
			} else {
				paths[shape] = rt
			}
			rt.path = rt.template(svc.prefix)
			at := r.Operation.Method + " " + rt.path
			if other, ok := ids[at]; ok {
				c.faults.Add("%s and %s are both %s in a document", other, rt.id(), at)
			}
			ids[at] = rt.id()
			all = append(all, rt)
		}
	}
	return all
}

// id returns the operation's id.
func (rt *route) id() string { return rt.Operation.Service + "." + rt.Operation.Name }

// shape returns the path without the names of its parameters.
func (rt *route) shape(prefix string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, s := range rt.Segments {
		b.WriteByte('/')
		if s.Name != "" {
			b.WriteString("{}")
			continue
		}
		b.WriteString(s.Literal)
	}
	return b.String()
}

func (rt *route) renameAs(first *route) {
	for i, s := range rt.Segments {
		if s.Name != "" {
			rt.names[s.Name] = first.Segments[i].Name
		}
	}
}

func (rt *route) template(prefix string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, s := range rt.Segments {
		b.WriteByte('/')
		if s.Name != "" {
			b.WriteString("{" + rt.nameOf(s.Name) + "}")
			continue
		}
		b.WriteString(s.Literal)
	}
	return b.String()
}

// nameOf returns the name of a path parameter in the document.
func (rt *route) nameOf(name string) string {
	if other := rt.names[name]; other != "" {
		return other
	}
	return name
}

// A builder makes one document.
type builder struct {
	jsonschema.Schemas

	version  string
	security *securitySchemes
}

// build returns the document of the routes in one version of OpenAPI.
func (c *config) build(version, title, apiVersion string, routes []*route) *jsonschema.Object {
	b := &builder{version: version, security: c.findSchemes(routes)}
	b.Faults, b.Given = c.faults, c.schemas
	doc := new(jsonschema.Object).Set("openapi", version)
	info := new(jsonschema.Object).Set("title", title).Set("version", apiVersion)
	for _, m := range c.info {
		info.Set(m.Key, m.Value)
	}
	servers := c.servers
	if len(servers) == 0 {
		servers = jsonschema.List(new(jsonschema.Object).Set("url", "/"))
	}
	doc.Set("info", info).Set("servers", servers)
	if tags := c.tagList(routes); len(tags) > 0 {
		doc.Set("tags", tags)
	}
	doc.Set("security", []any{}) // of operations that say nothing else: anybody may call them
	doc.Set("paths", b.paths(routes))
	schemas := b.Components.Finish("Problem")
	if slices.ContainsFunc(routes, func(rt *route) bool { return rt.ErrorBody == nil || rt.Operation.Streams&endpoint.ServerStream != 0 }) {
		schemas.Set("Problem", problemSchema())
	}
	components := new(jsonschema.Object).Set("schemas", schemas.Sort())
	if schemes := b.security.object(); schemes != nil {
		components.Set("securitySchemes", schemes)
	}
	return doc.Set("components", components)
}

// tagList returns the tags of the operations, and those that are described.
func (c *config) tagList(routes []*route) []any {
	all := &jsonschema.Object{}
	for _, rt := range routes {
		all.Set(rt.Operation.Service, "")
	}
	for _, m := range c.tags {
		all.Set(m.Key, m.Value)
	}
	var tags []any
	for _, m := range all.Members {
		tags = append(tags, new(jsonschema.Object).Set("name", m.Key).SetText("description", m.Value.(string)))
	}
	return tags
}

// fixed are the methods that have a place of their own in a path of OpenAPI 3.1.
var fixed = []string{"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"}

// paths returns the paths in the order of the routes.
func (b *builder) paths(routes []*route) *jsonschema.Object {
	paths := &jsonschema.Object{}
	for _, rt := range routes {
		item := paths.Child(rt.path)
		op := b.operation(rt)
		switch method := rt.Operation.Method; {
		case slices.Contains(fixed, method):
			item.Set(strings.ToLower(method), op)
		case b.version == v31:
			item.Child("x-additionalOperations").Set(method, op)
		case method == "QUERY":
			item.Set("query", op)
		default:
			item.Child("additionalOperations").Set(method, op)
		}
	}
	return paths
}
