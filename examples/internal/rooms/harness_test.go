package rooms_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/internal/rooms"
	"github.com/typedkit/endpoint/internal/browser"
)

// A site is the page of a document in a browser that reaches no host but this one.
type site struct {
	*browser.Page

	url   string
	house *rooms.House
	left  chan struct{} // a value for each reader of prices that has left
}

// open serves the house, with documents beside its own, and opens the page of one.
func open(t *testing.T, path string, documents map[string][]byte) *site {
	t.Helper()
	s := &site{left: make(chan struct{}, 10)}
	s.house = &rooms.House{Pause: 30 * time.Millisecond, Left: func() { s.left <- struct{}{} }}
	h, err := s.house.Handler(documents)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle("/a/prefix/", http.StripPrefix("/a/prefix", h))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.Page = browser.Start(t, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1").Open(t, s.url+path)
	s.Until(t, `document.querySelector("main h2")`)
	return s
}

// choose opens an operation by its link.
func (s *site) choose(t *testing.T, key, path string) {
	t.Helper()
	s.Eval(t, fmt.Sprintf(`document.querySelector("#list a[href='#%s']").click()`, key), nil)
	s.Until(t, fmt.Sprintf(`document.querySelector("article.operation h2").innerText.endsWith(%q) && document.querySelector("#list a[href='#%s']").ariaCurrent === "page"`, path, key))
}

// field is a JavaScript expression: the input whose label begins with a text.
func field(label string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".try label")].find((l) => l.innerText.startsWith(%q)).control`, label)
}

// enter puts a text into a field, as a user does.
func (s *site) enter(t *testing.T, label, text string) {
	t.Helper()
	s.Eval(t, fmt.Sprintf(`(() => { const f = %s; f.value = %q; f.dispatchEvent(new Event("input", {bubbles: true})); })()`, field(label), text), nil)
}

func (s *site) send(t *testing.T) {
	t.Helper()
	s.Eval(t, `document.querySelector(".try .primary").click()`, nil)
}

// answered waits until the panel of the response has all texts.
func (s *site) answered(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		s.Until(t, fmt.Sprintf(`document.querySelector(".answer").innerText.includes(%q)`, text))
	}
	s.Until(t, `!document.querySelector(".try .primary").disabled`)
}

// quiet requires that the console has no fault but the statuses of responses.
func (s *site) quiet(t *testing.T) {
	t.Helper()
	for _, f := range s.Faults() {
		require.Contains(t, f, "the server responded with a status of", "the console reports a fault")
	}
}

func (s *site) text(t *testing.T, selector string) string {
	t.Helper()
	var text string
	s.Eval(t, fmt.Sprintf(`document.querySelector(%q).innerText`, selector), &text)
	return strings.Join(strings.Fields(text), " ")
}
