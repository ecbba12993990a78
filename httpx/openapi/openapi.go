package openapi

import (
	"encoding/json/jsontext"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jsonschema"
)

// The versions of OpenAPI.
const (
	v31 = "3.1.1"
	v32 = "3.2.0"
)

// A Document describes one or more services. It is made once, never changes, and is safe for
// concurrent use.
type Document struct {
	json31, yaml31 []byte
	json32, yaml32 []byte
	title          string
	err            error
}

// New describes a service, whose endpoints may be nil: new(api.Rooms). title and version are
// those of the API. The faults of the service, of its types and of the options are kept;
// see [Document.Err].
func New(title, version string, svc httpx.Service, opts ...Option) *Document {
	f := &jsonschema.Faults{}
	first := &part{svc: svc}
	c := &config{faults: f, services: []*part{first}, current: first, schemas: map[reflect.Type]*jsonschema.Object{}}
	for _, o := range opts {
		c.use(o)
	}
	if title == "" {
		f.Add("the title is empty")
	}
	if version == "" {
		f.Add("the version is empty")
	}
	d := &Document{title: title}
	routes := c.routes()
	if d.err = f.Join(); d.err != nil {
		return d
	}
	old, now := c.build(v31, title, version, routes), c.build(v32, title, version, routes)
	if d.err = f.Join(); d.err != nil {
		return d
	}
	indent := jsontext.WithIndent("  ")
	d.json31, d.yaml31 = jsonschema.ToJSON(old, indent), toYAML(old)
	d.json32, d.yaml32 = jsonschema.ToJSON(now, indent), toYAML(now)
	return d
}

// Err returns all faults of the document, joined, or nil. A document with faults is empty.
func (d *Document) Err() error { return d.err }

// JSON returns the document in OpenAPI 3.1, as JSON. The same service has the same bytes.
func (d *Document) JSON() []byte { return slices.Clone(d.json31) }

// YAML returns the document in OpenAPI 3.1, as YAML.
func (d *Document) YAML() []byte { return slices.Clone(d.yaml31) }

// JSON32 returns the document in OpenAPI 3.2, as JSON. It describes the items of streams,
// which 3.1 has no words for.
func (d *Document) JSON32() []byte { return slices.Clone(d.json32) }

// YAML32 returns the document in OpenAPI 3.2, as YAML.
func (d *Document) YAML32() []byte { return slices.Clone(d.yaml32) }
