package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
)

// probe is a page around the page: it notes each state of the one in its frame,
// and reports them when the stream has ended.
const probe = `<!doctype html>
<link rel="icon" href="data:,">
<iframe id="frame"></iframe>
<script>
"use strict";
const frame = document.getElementById("frame"), seen = [];
let reported = false;
frame.onload = () => {
  const page = frame.contentDocument, byId = (id) => page.getElementById(id);
  const look = () => {
    const now = {
      state: byId("state").textContent, count: byId("count").textContent, id: byId("id").textContent,
      connections: byId("connections").textContent, last: byId("last").textContent,
      items: Array.from(byId("items").rows, (row) => Number(row.cells[0].textContent)),
    };
    seen.push(now);
    if (!reported && ["ended", "failed", "refused"].includes(now.state)) {
      reported = true;
      fetch("/report", {method: "POST", body: JSON.stringify(seen)});
    }
  };
  new MutationObserver(look).observe(page.body, {subtree: true, childList: true, characterData: true, attributes: true});
  look();
};
frame.src = "/" + location.search;
</script>`

// sight is what the page showed at one time.
type sight struct {
	State       string `json:"state"`
	Count       string `json:"count"`
	ID          string `json:"id"`
	Connections string `json:"connections"`
	Last        string `json:"last"`
	Items       []int  `json:"items"` // the newest first
}

// TestBrowser opens the page in a real browser, one at a time: it is large.
func TestBrowser(t *testing.T) {
	chromium := programtest.Find(t, "chromium")
	h := handler(t, 20*time.Millisecond)
	tests := map[string]struct {
		query  string
		serve  http.Handler // of the ticks
		states []string
		last   sight
	}{
		"the end": {"?to=5", h, []string{"connecting", "open", "ended"}, sight{
			"ended", "5", "5", "1", "The stream has ended: this is all of it.", []int{5, 4, 3, 2, 1},
		}},
		"an error": {"?fail=3", h, []string{"connecting", "open", "failed"}, sight{
			"failed", "3", "3", "1", "failed, as it was asked to (ABORTED, FAILED)", []int{3, 2, 1},
		}},
		"no stream": {"?from=-1", h, []string{"connecting", "refused"}, sight{
			"refused", "0", "–", "0", "The server did not answer with a stream.", []int{},
		}},
		"a connection that breaks": {"?to=5", cutFirst(h), []string{"connecting", "open", "connecting again", "open", "ended"}, sight{
			"ended", "5", "5", "2", "The stream has ended: this is all of it.", []int{5, 4, 3, 2, 1},
		}},
		"a server that stops": {"?to=5", stopFirst(t, h), []string{"connecting", "open", "connecting again", "open", "ended"}, sight{
			"ended", "5", "5", "2", "The stream has ended: this is all of it.", []int{5, 4, 3, 2, 1},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			seen := browse(t, chromium, tt.serve, tt.query)
			var states []string
			counts := make(map[string]bool)
			for _, s := range seen {
				counts[s.Count] = true
				if len(states) == 0 || states[len(states)-1] != s.State {
					states = append(states, s.State)
				}
			}
			require.Equal(t, tt.last, seen[len(seen)-1])
			require.Subset(t, tt.states, states, "a state before the first look is not seen")
			require.Equal(t, tt.states[len(tt.states)-1], states[len(states)-1])
			if len(tt.last.Items) > 0 {
				require.GreaterOrEqual(t, len(counts), 3, "items are to be shown as they arrive: %+v", seen)
			}
		})
	}
}

// cutFirst breaks the first connection in the middle.
func cutFirst(h http.Handler) http.Handler {
	var cut atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ticks" && !cut.Swap(true) {
			w = &cutter{w, 200}
		}
		h.ServeHTTP(w, r)
	})
}

// stopFirst has the first stream served by a server that stops after its first tick.
func stopFirst(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	s := server.New("ticker", server.Log(quiet))
	old, err := newHandler(s, newTicker(20*time.Millisecond), quiet)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	var replaced atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ticks" || replaced.Swap(true) {
			h.ServeHTTP(w, r)
			return
		}
		old.ServeHTTP(&observed{w, stop}, r)
	})
}

// observed calls wrote after each write.
type observed struct {
	http.ResponseWriter
	wrote func()
}

func (o *observed) Write(b []byte) (int, error) {
	defer o.wrote()
	return o.ResponseWriter.Write(b)
}

func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// browse opens the page in a browser and returns what it showed.
func browse(t *testing.T, chromium string, h http.Handler, query string) []sight {
	t.Helper()
	reports := make(chan []sight, 1)
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET /probe", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(probe)) })
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var seen []sight
		if err := json.UnmarshalRead(r.Body, &seen); err != nil {
			t.Error(err)
		}
		reports <- seen
	})
	url := listen(t, mux) + "/probe" + query

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--remote-debugging-port=0", // it stays open until it is ended
		"--user-data-dir="+t.TempDir(), url)
	// A browser is many processes. They end together, and Wait waits for all of
	// them, because they share its output: then nobody writes to the folder.
	var output bytes.Buffer
	cmd.Stderr = &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	end := sync.OnceFunc(func() { cancel(); _ = cmd.Wait() })
	defer end()
	select {
	case seen := <-reports:
		require.NotEmpty(t, seen)
		return seen
	case <-ctx.Done():
		end()
		t.Fatal("the page reported nothing; the browser says ", output.String())
	}
	return nil
}
