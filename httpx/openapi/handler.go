package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json/v2"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/openapipage"
)

// Mount serves the document on router, beside the routes of the service, and the page that shows
// it and calls the service:
//
//	/openapi.json  /openapi.yaml          OpenAPI 3.1
//	/openapi-3.2.json  /openapi-3.2.yaml  OpenAPI 3.2
//	/docs                                 the page
//
// All of it works below a prefix, such as that of http.StripPrefix or of a chi router that is
// mounted in another. The page needs no other host, and its Content-Security-Policy lets it send
// requests to its own host and to those that [Server] names.
//
// Its error joins all faults of the document, and then nothing was registered. A router panics
// if it has one of these paths already.
func (d *Document) Mount(router httpx.Router) error {
	handlers, err := d.handlers()
	if err != nil {
		return err
	}
	_, onChi := router.(chi.Router)
	for path, h := range handlers {
		if !onChi && strings.HasSuffix(path, "/") {
			path += "{$}" // without it a ServeMux takes all paths that begin so
		}
		router.Handle("GET "+path, h)
		router.Handle("HEAD "+path, h)
	}
	return nil
}

// Handler serves what Mount registers:
//
//	r.Mount("/", doc.Handler()) // on a chi router
//
// A router that has it at "/" answers 404 where it would answer 405 by itself, because a
// mounted handler takes all methods of all paths; Mount has no such effect. Handler panics with
// all faults of the document, joined, as [httpx.Handler] does.
func (d *Document) Handler() http.Handler {
	// A chi router takes the hooks of the one that it is mounted in, such as httpx.Problems.
	r := chi.NewRouter()
	if err := d.Mount(r); err != nil {
		panic(fmt.Sprintf("openapi: %v", err))
	}
	return r
}

// handlers returns what is served, by path.
func (d *Document) handlers() (map[string]http.Handler, error) {
	if d.err != nil {
		return nil, d.err
	}
	handlers, err := openapipage.New(openapipage.Config{
		Path: "/docs", Document: "openapi-3.2.json", Others: []string{"openapi.json", "openapi.yaml"}, Servers: d.hosts(),
	})
	if err != nil {
		return nil, fmt.Errorf("openapi: %q: %w", d.title, err)
	}
	for _, f := range d.files() {
		handlers[f.path] = f
	}
	return handlers, nil
}

// hosts returns the URLs of servers that name a host.
func (d *Document) hosts() []string {
	var doc struct {
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
	}
	_ = json.Unmarshal(d.json31, &doc) // which this package has written
	var all []string
	for _, s := range doc.Servers {
		if u, err := url.Parse(s.URL); err != nil || u.Host != "" || u.Scheme != "" {
			all = append(all, s.URL)
		}
	}
	return all
}

// A file is one form of the document.
type file struct {
	path, media, tag string
	text             []byte
}

func (d *Document) files() []*file {
	all := []*file{
		{path: "/openapi.json", media: "application/vnd.oai.openapi+json;version=3.1", text: d.json31},
		{path: "/openapi.yaml", media: "application/vnd.oai.openapi+yaml;version=3.1", text: d.yaml31},
		{path: "/openapi-3.2.json", media: "application/vnd.oai.openapi+json;version=3.2", text: d.json32},
		{path: "/openapi-3.2.yaml", media: "application/vnd.oai.openapi+yaml;version=3.2", text: d.yaml32},
	}
	for _, f := range all {
		sum := sha256.Sum256(f.text)
		f.tag = `"` + hex.EncodeToString(sum[:16]) + `"`
	}
	return all
}

// ServeHTTP sends the text. A client that has it gets 304.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Cache-Control", "no-cache")
	h.Set("Etag", f.tag)
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text))
}
