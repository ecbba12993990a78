package openapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jsonschema"
)

// An Option adds to a document.
type Option interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// config is what the options say.
type config struct {
	faults   *jsonschema.Faults
	nested   bool // of And
	info     []jsonschema.Member
	servers  []any
	tags     []jsonschema.Member // descriptions by name
	schemas  map[reflect.Type]*jsonschema.Object
	services []*part
	current  *part // that Prefix and Mounted are about
}

// A part is a service in a document.
type part struct {
	svc    httpx.Service
	prefix string
	opts   []httpx.Option
}

// whole reports a fault if an option of the document is among those of And.
func (c *config) whole(name string) bool {
	if c.nested {
		c.faults.Add("option %s belongs to the document, not to And", name)
	}
	return !c.nested
}

// Description sets the description of the API, in CommonMark.
func Description(text string) Option {
	return option(func(c *config) {
		if c.whole("Description") {
			c.setInfo("description", text)
		}
	})
}

func (c *config) setInfo(key string, value any) {
	c.info = slices.DeleteFunc(c.info, func(m jsonschema.Member) bool { return m.Key == key })
	c.info = append(c.info, jsonschema.Member{Key: key, Value: value})
}

// License sets the license of the API: its name, such as "MIT", and the URL of its text, which
// may be empty.
func License(name, url string) Option {
	return option(func(c *config) {
		if !c.whole("License") {
			return
		}
		if name == "" {
			c.faults.Add("option License: the name is empty")
		}
		c.setInfo("license", new(jsonschema.Object).Set("name", name).SetText("url", url))
	})
}

// Contact sets who answers questions about the API. Each text may be empty.
func Contact(name, url, email string) Option {
	return option(func(c *config) {
		if c.whole("Contact") {
			c.setInfo("contact", new(jsonschema.Object).SetText("name", name).SetText("url", url).SetText("email", email))
		}
	})
}

// Server adds a server: its URL, such as "https://api.example.com", and a description, which
// may be empty. The default is the server that the document comes from.
func Server(url, description string) Option {
	return option(func(c *config) {
		if !c.whole("Server") {
			return
		}
		if url == "" {
			c.faults.Add("option Server: the URL is empty")
		}
		c.servers = append(c.servers, new(jsonschema.Object).Set("url", url).SetText("description", description))
	})
}

// Tag describes a tag. The operations of a service have its name as their tag.
func Tag(name, description string) Option {
	return option(func(c *config) {
		switch {
		case !c.whole("Tag"):
		case name == "":
			c.faults.Add("option Tag: the name is empty")
		default:
			c.tags = append(c.tags, jsonschema.Member{Key: name, Value: description})
		}
	})
}

// Schema sets the schema of values of type T, in JSON, for types that write themselves in a
// form that this package does not know:
//
//	openapi.Schema(decimal.Decimal{}, `{"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}`)
//
// The value is not looked at. Text that is not a JSON object is a fault.
func Schema[T any](_ T, schema string) Option {
	return schemaOption(reflect.TypeFor[T](), schema)
}

func schemaOption(t reflect.Type, schema string) Option {
	return option(func(c *config) {
		if !c.whole("Schema") {
			return
		}
		v, err := jsonschema.Parse([]byte(schema))
		o, ok := v.(*jsonschema.Object)
		if err != nil || !ok {
			c.faults.Add("option Schema: the schema of %s is not a JSON object", t)
			return
		}
		c.schemas[t] = o
	})
}

// Prefix sets the path below which the service is mounted, such as "/api" for
// http.StripPrefix("/api", …). In [And] it is that of its service.
func Prefix(path string) Option {
	return option(func(c *config) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "{}") {
			c.faults.Add("option Prefix: %q does not begin with a slash, or has a parameter", path)
		}
		c.current.prefix = strings.TrimRight(path, "/")
	})
}

// Mounted sets the options of [httpx.Mount] that change what goes over the wire: httpx.Formats
// and httpx.Named. Those of servers alone are faults. In [And] it is for its service.
func Mounted(opts ...httpx.Option) Option {
	opts = slices.Clone(opts)
	return option(func(c *config) { c.current.opts = append(c.current.opts, opts...) })
}

// And adds another service to the document, with [Prefix] and [Mounted] of its own.
func And(svc httpx.Service, opts ...Option) Option {
	opts = slices.Clone(opts)
	return option(func(c *config) {
		if !c.whole("And") {
			return
		}
		first := c.current
		c.current, c.nested = &part{svc: svc}, true
		c.services = append(c.services, c.current)
		for _, o := range opts {
			c.use(o)
		}
		c.current, c.nested = first, false
	})
}

func (c *config) use(o Option) {
	if o == nil {
		c.faults.Add("a nil option")
		return
	}
	o.apply(c)
}
