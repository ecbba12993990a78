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

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
)

// A Config says what the page shows. Its URLs are relative to the page, so that the page
// works below any prefix and behind proxies that rewrite paths.
type Config struct {
	// Document is the URL of the document, such as "../openapi.json". It must be JSON, of
	// OpenAPI 3.1 or 3.2.
	Document string
	// Others are the URLs of other forms of the document, such as "../openapi.yaml". The
	// page links to them.
	Others []string
	// Servers are the URLs of servers on other hosts that the document names. The page can
	// send requests to these and to its own host, to no other.
	Servers []string
}

// pageFiles are the page. They load nothing from elsewhere.
//
//go:embed page
var pageFiles embed.FS

// A file is one file of the page.
type file struct {
	media, etag string
	text        []byte
}

type handler struct {
	policy string
	files  map[string]file // by path
}

// New returns the handler of the page. It serves the page at "/" and its files beside it, so
// it must be mounted with [http.StripPrefix] for the folder of the page. A request for the
// folder without the slash at its end, whose stripped path is "", is redirected to the page.
// All other paths are answered with a problem of status 404.
//
// The error joins all faults of c.
func New(c Config) (http.Handler, error) {
	policy, errs := policyOf(c.Servers)
	for _, u := range append([]string{c.Document}, c.Others...) {
		if err := checkRelative(u); err != nil {
			errs = append(errs, err)
		}
	}
	files, err := readFiles(c)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return &handler{policy, files}, nil
}

// checkRelative returns an error unless u is a URL reference relative to the page.
func checkRelative(u string) error {
	parsed, err := url.Parse(u)
	switch {
	case err != nil:
		return fmt.Errorf("the URL of the document: %w", err)
	case parsed.Scheme != "" || parsed.Host != "" || parsed.Path == "" || path.IsAbs(parsed.Path) || strings.Contains(u, `\`):
		return fmt.Errorf("the URL of the document must be relative to the page, such as ../openapi.json, got %q", u)
	}
	return nil
}

// readFiles returns the files of the page for c.
func readFiles(c Config) (map[string]file, error) {
	media := map[string]string{
		".html": "text/html; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
	}
	entries, err := fs.ReadDir(pageFiles, "page")
	if err != nil {
		return nil, err
	}
	files := make(map[string]file, len(entries))
	for _, e := range entries {
		text, err := fs.ReadFile(pageFiles, "page/"+e.Name())
		if err != nil {
			return nil, err
		}
		name := "/" + e.Name()
		if e.Name() == "index.html" {
			name, text = "/", fill(text, c)
		}
		sum := sha256.Sum256(text)
		files[name] = file{media[path.Ext(e.Name())], `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, text}
	}
	return files, nil
}

// fill puts the URLs of c into the page.
func fill(page []byte, c Config) []byte {
	var links strings.Builder
	for _, u := range append([]string{c.Document}, c.Others...) {
		fmt.Fprintf(&links, "<li><a href=\"%s\">%s</a></li>\n", html.EscapeString(u), html.EscapeString(path.Base(u)))
	}
	page = bytes.ReplaceAll(page, []byte("<!-- documents -->\n"), []byte(links.String()))
	return bytes.ReplaceAll(page, []byte("DOCUMENT"), []byte(html.EscapeString(c.Document)))
}

// ServeHTTP serves a file, or answers with a problem.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	f, ok := h.files[r.URL.Path]
	switch {
	case r.URL.Path != "" && !ok:
		sendProblem(w, errNoFile, http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		sendProblem(w, errMethod, http.StatusMethodNotAllowed)
	case r.URL.Path == "":
		redirect(w, r)
	default:
		header.Set("Content-Security-Policy", h.policy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Content-Type", f.media)
		header.Set("Cache-Control", "no-cache") // kept, but asked for each time: the answer is 304
		header.Set("ETag", f.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text))
	}
}

// redirect sends a browser from the folder to the page in it. The Location is relative,
// which a proxy with a prefix of its own leaves right; http.Redirect would make it absolute.
// The dot keeps a colon in the name from becoming a scheme.
func redirect(w http.ResponseWriter, r *http.Request) {
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil || u.Path == "" {
		sendProblem(w, errNoFile, http.StatusNotFound)
		return
	}
	to := "./" + path.Base(u.EscapedPath()) + "/"
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

var (
	errNoFile = endpoint.Errorf(endpoint.NotFound, "the page has no such file")
	errMethod = endpoint.Errorf(endpoint.Unimplemented, "the page is read by GET and HEAD")
)

func sendProblem(w http.ResponseWriter, e *endpoint.Error, status int) {
	w.Header().Set("Content-Type", problem.MediaType)
	w.WriteHeader(status)
	_, _ = w.Write(problem.Append(nil, e, status, http.StatusText(status)))
}
