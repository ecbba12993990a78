package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/httpx"
)

// Mount serves the document on router, beside the routes of the service:
//
//	/openapi.json  /openapi.yaml          OpenAPI 3.1
//	/openapi-3.2.json  /openapi-3.2.yaml  OpenAPI 3.2
//
// Its error joins all faults of the document, and then nothing was registered. A router panics
// if it has one of these paths already.
func (d *Document) Mount(router httpx.Router) error {
	if d.err != nil {
		return d.err
	}
	for path, h := range d.handlers() {
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

// handlers calls yield for each path that is served. The page has its place here, at /docs.
func (d *Document) handlers() func(yield func(path string, h http.Handler) bool) {
	return func(yield func(path string, h http.Handler) bool) {
		for _, f := range d.files() {
			if !yield(f.path, f) {
				return
			}
		}
	}
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
