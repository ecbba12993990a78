package admin

import (
	"embed"
	"io/fs"
	"net/http"
)

// pageFiles are the page. They load nothing from elsewhere.
//
//go:embed page
var pageFiles embed.FS

// policy lets the page use nothing but its own files and the stream.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// servePage registers the page and its files.
func servePage(mux *http.ServeMux) {
	for pattern, file := range map[string]struct{ name, media string }{
		"GET /{$}":      {"index.html", "text/html; charset=utf-8"},
		"GET /page.css": {"page.css", "text/css; charset=utf-8"},
		"GET /page.js":  {"page.js", "text/javascript; charset=utf-8"},
	} {
		text, err := fs.ReadFile(pageFiles, "page/"+file.name)
		mux.Handle(pattern, secured(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if err != nil {
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", file.media)
			_, _ = w.Write(text)
		})))
	}
}

// secured adds the policy to the answers of h. Pages of the program have their own.
func secured(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		h.ServeHTTP(w, r)
	})
}
