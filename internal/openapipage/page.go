// Package openapipage has the page that shows an OpenAPI document in a browser and sends
// requests to the API that the document describes. The page is embedded, needs no other
// host, and works under a strict Content-Security-Policy. See decision 204.
package openapipage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// A Config says what the page shows. The URLs in it are relative to the folder of Path, so that
// the page works below any prefix and behind proxies that rewrite paths.
type Config struct {
	// Path is where the page is served, such as "/docs".
	Path string
	// Document is the URL of the document, such as "openapi.json". It must be JSON, of OpenAPI
	// 3.1 or 3.2.
	Document string
	// Others are the URLs of other forms of the document, such as "openapi.yaml". The page
	// links to them.
	Others []string
	// Servers are the URLs of servers on other hosts that the document names. The page can
	// send requests to these and to its own host, to no other.
	Servers []string
}

// pageFiles are the page. They load nothing from elsewhere.
//
//go:embed page
var pageFiles embed.FS

// New returns a handler for each path of the page: for "/docs" those are "/docs", "/docs/" and
// those of its files, such as "/docs/main.js". The first two are the page itself, without a
// redirect, so that routers may add slashes and remove them. The handlers read nothing of a
// request but its URI as it was sent, and serve GET and HEAD.
//
// The error joins all faults of c.
func New(c Config) (map[string]http.Handler, error) {
	policy, errs := policyOf(c.Servers)
	if path.Clean(c.Path) != c.Path || len(c.Path) < 2 || c.Path[0] != '/' {
		errs = append(errs, fmt.Errorf("the path of the page must begin with a slash and not end with one, got %q", c.Path))
	}
	for _, u := range append([]string{c.Document}, c.Others...) {
		if err := checkRelative(u); err != nil {
			errs = append(errs, err)
		}
	}
	texts, err := readFiles()
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	handlers := make(map[string]http.Handler, len(texts)+1)
	for name, text := range texts {
		if name != indexName {
			handlers[c.Path+"/"+name] = newFile(name, text, policy)
		}
	}
	name := html.EscapeString(path.Base(c.Path))
	page := &index{
		named:  newFile(indexName, fill(texts[indexName], "./"+name+"/", "", c), policy),
		folder: newFile(indexName, fill(texts[indexName], "", "../", c), policy),
	}
	handlers[c.Path], handlers[c.Path+"/"] = page, page
	return handlers, nil
}

// checkRelative returns an error unless u is a URL reference relative to the page. One with a
// scheme or a host has no path, or one that begins with a slash.
func checkRelative(u string) error {
	parsed, err := url.Parse(u)
	switch {
	case err != nil:
		return fmt.Errorf("the URL of the document: %w", err)
	case parsed.Path == "" || path.IsAbs(parsed.Path) || strings.Contains(u, `\`):
		return fmt.Errorf("the URL of the document must be relative to the page, such as openapi.json, got %q", u)
	}
	return nil
}

const indexName = "index.html"

// readFiles returns the files of the page by their names.
func readFiles() (map[string][]byte, error) {
	entries, err := fs.ReadDir(pageFiles, "page")
	if err != nil {
		return nil, err
	}
	texts := make(map[string][]byte, len(entries))
	for _, e := range entries {
		if texts[e.Name()], err = fs.ReadFile(pageFiles, "page/"+e.Name()); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// fill puts the URLs of c into the page. files leads from the page to its files, up to the
// folder that the URLs of c are relative to.
func fill(page []byte, files, up string, c Config) []byte {
	var links strings.Builder
	for _, u := range append([]string{c.Document}, c.Others...) {
		fmt.Fprintf(&links, "<li><a href=\"%s\">%s</a></li>\n", html.EscapeString(up+u), html.EscapeString(path.Base(u)))
	}
	page = bytes.ReplaceAll(page, []byte("<!-- documents -->\n"), []byte(links.String()))
	page = bytes.ReplaceAll(page, []byte("FILES/"), []byte(files))
	return bytes.ReplaceAll(page, []byte("DOCUMENT"), []byte(html.EscapeString(up+c.Document)))
}

// An index is the page at its path, with a slash at the end and without one.
type index struct{ named, folder *file }

// ServeHTTP serves the page for the URI that the browser asked for: it resolves the links of the
// page against that, whatever a router has made of it.
func (i *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil && strings.HasSuffix(u.Path, "/") {
		i.folder.ServeHTTP(w, r)
		return
	}
	i.named.ServeHTTP(w, r)
}

// A file is one file of the page.
type file struct {
	media, etag, policy string
	text                []byte
}

func newFile(name string, text []byte, policy string) *file {
	media := map[string]string{
		".html": "text/html; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
	}
	sum := sha256.Sum256(text)
	return &file{media[path.Ext(name)], `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, policy, text}
}

// ServeHTTP serves the file.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", f.policy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Content-Type", f.media)
	header.Set("Cache-Control", "no-cache") // kept, but asked for each time: the answer is 304
	header.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text))
}
