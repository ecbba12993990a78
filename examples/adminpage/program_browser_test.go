package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/browser"
	"github.com/typedkit/endpoint/server"
)

// A shopUp is a program that runs.
type shopUp struct {
	*program

	admin string // the URL of the page
	shop  *Shop  // a client
	stop  func() error
}

// up runs a program, with its page at an address, until stop or the end of the test.
func up(t *testing.T, admin string) *shopUp {
	t.Helper()
	lines, announce := io.Pipe()
	p, err := newProgram(t.Context(), "127.0.0.1:0", admin,
		server.Log(slog.New(slog.DiscardHandler)), server.Announce(announce))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	at := make(map[string]string)
	for len(at) < 2 {
		var name, on, addr string
		_, err := fmt.Fscan(lines, &name, &on, &addr)
		require.NoError(t, err)
		at[name] = "http://" + addr
	}
	u := &shopUp{program: p, admin: at["admin"], shop: &Shop{}, stop: sync.OnceValue(func() error {
		cancel()
		return <-ended
	})}
	t.Cleanup(func() { require.NoError(t, u.stop()) })
	conn := httpx.To(at["HTTP"])
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, httpx.Client(conn, u.shop))
	return u
}

// call makes n calls, of which every third asks for an item that does not exist.
func (u *shopUp) call(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		name := "7"
		if i%3 == 2 {
			name = "nothing"
		}
		_, _ = u.shop.Price(t.Context(), Item{name})
	}
}

// row is a JavaScript expression: the text of the row of a table that has all the texts.
func row(section string, texts ...string) string {
	var list []string
	for _, text := range texts {
		list = append(list, fmt.Sprintf("%q", text))
	}
	return fmt.Sprintf(`[...document.querySelectorAll("#%s tbody tr")].find((tr) => [%s].every((text) => tr.innerText.includes(text)))`,
		section, strings.Join(list, ","))
}

// TestPage is the page of a program whose figures move, in a real browser.
func TestPage(t *testing.T) {
	b := browser.Start(t, "--host-resolver-rules=MAP evil.example 127.0.0.1")
	u := up(t, "127.0.0.1:0")
	page := b.Open(t, u.admin)
	page.Until(t, `document.getElementById("state").textContent === "running"`)

	t.Run("is empty before the first call", func(t *testing.T) {
		page.Until(t, `!document.getElementById("overview-empty").hidden`)
		page.Until(t, row("endpoints", "Shop.Price", "served", "/items/{name}/price"))
		page.Until(t, row("endpoints", "Shop.Price", "called"))
		page.Until(t, `document.querySelector("#calls .empty").innerText !== ""`)
		page.Until(t, row("checks", "backends", "pass"))
		page.Until(t, row("pools", "prices", "3"))
		page.Until(t, row("breakers", "prices", "closed"))
		page.Until(t, row("limits", "retry prices", "budget tokens"))
		page.Until(t, row("events", "server shop", "running"))
		page.Until(t, row("objectives", "Shop.Price (http)", "99.9 % available"))
		page.Until(t, `document.getElementById("facts").innerText.includes("go1.")`)
	})

	t.Run("figures move", func(t *testing.T) {
		for range 2 {
			var before, now float64
			count := `Number(` + row("endpoints", "Shop.Price", "served") + `.lastElementChild.innerText)`
			page.Eval(t, count, &before)
			u.call(t, 30)
			page.Until(t, fmt.Sprintf(`%s === %v`, count, before+30))
			page.Eval(t, count, &now)
			require.InDelta(t, before+30, now, 0)
		}
		page.Until(t, `document.getElementById("overview-empty").hidden`)
		page.Until(t, `document.getElementById("callers").textContent.startsWith("33.3")`)
		page.Until(t, `document.getElementById("p99").textContent.endsWith("s")`)
		page.Until(t, `Number(document.getElementById("rate").textContent) > 0`)
		page.Until(t, `document.getElementById("plot-calls").querySelectorAll("polyline").length === 3`)
		page.Until(t, row("calls", "Shop.Price (http)", "caller fault", "NOT_FOUND", "shop/UNKNOWN"))
	})

	t.Run("a call links to its trace", func(t *testing.T) {
		const id = "0af7651916cd43dd8448eb211c80319c"
		ctx := endpoint.WithHeader(t.Context(), "traceparent", "00-"+id+"-b7ad6b7169203331-01")
		page.Until(t, `document.querySelector("#calls tbody a") === null`)
		_, err := u.shop.Price(ctx, Item{"nothing"})
		require.ErrorIs(t, err, ErrUnknown)
		page.Until(t, row("calls", "NOT_FOUND", id)+`?.querySelector("a").href === "http://localhost:16686/trace/`+id+`"`)
	})

	t.Run("an instance is ejected", func(t *testing.T) {
		u.backends[1].broken.Store(true)
		u.call(t, 60)
		addr := u.backends[1].addr
		page.Until(t, row("instances", addr, "ejected"))
		page.Until(t, row("instances", u.backends[0].addr, "in"))
		page.Until(t, `document.querySelector("#pools tbody tr").cells[3].innerText === "1"`)
		page.Until(t, row("events", "pool prices", "ejected", addr))
	})

	t.Run("a breaker opens", func(t *testing.T) {
		for _, backend := range u.backends {
			backend.broken.Store(true)
		}
		u.call(t, 60)
		page.Until(t, row("breakers", "prices", "open"))
		page.Until(t, row("events", "breaker prices", "opened"))
		page.Until(t, row("checks", "backends", "fail", "all backends are broken"))
		page.Until(t, row("calls", "server fault", "UNAVAILABLE"))
	})

	t.Run("nothing is wrong in the console", func(t *testing.T) {
		require.Empty(t, page.Faults())
	})

	t.Run("pauses", func(t *testing.T) {
		page.Eval(t, `document.getElementById("pause").click()`, nil)
		var total string
		page.Eval(t, `document.querySelector("#endpoints tbody tr").lastElementChild.innerText`, &total)
		u.call(t, 3)
		page.Until(t, `new Promise((later) => setTimeout(later, 1500))`)
		page.Until(t, fmt.Sprintf(`document.querySelector("#endpoints tbody tr").lastElementChild.innerText === %q`, total))
		page.Eval(t, `document.getElementById("pause").click()`, nil)
		page.Until(t, fmt.Sprintf(`document.querySelector("#endpoints tbody tr").lastElementChild.innerText !== %q`, total))
	})

	t.Run("a foreign name is refused", func(t *testing.T) {
		foreign := b.Open(t, strings.Replace(u.admin, "127.0.0.1", "evil.example", 1))
		foreign.Until(t, `document.body.innerText.includes("not a name of this server")`)
	})
}

// TestRestart has a page that outlives its server.
func TestRestart(t *testing.T) {
	b := browser.Start(t)
	old := up(t, "127.0.0.1:0")
	page := b.Open(t, old.admin)
	page.Until(t, `document.getElementById("state").textContent === "running"`)
	old.call(t, 30)
	page.Until(t, `document.querySelector("#endpoints tbody tr").lastElementChild.innerText === "30"`)

	ended := make(chan error, 2)
	go func() {
		_, err := old.shop.Price(t.Context(), Item{"slow"})
		ended <- err
	}()
	page.Until(t, `document.getElementById("inflight").textContent === "1"`)
	go func() { ended <- old.stop() }()
	page.Until(t, `document.getElementById("state").textContent === "draining"`)
	page.Until(t, `document.getElementById("status").textContent.includes("finishes calls")`)
	require.NoError(t, errors.Join(<-ended, <-ended))
	page.Until(t, `document.getElementById("state").textContent === "unreachable"`)
	page.Until(t, `document.body.classList.contains("stale")`)
	page.Until(t, `document.getElementById("status").textContent.includes("last figures")`)
	var total string
	page.Eval(t, `document.querySelector("#endpoints tbody tr").lastElementChild.innerText`, &total)
	require.Contains(t, []string{"30", "31"}, total, "the last figures stay")

	again := up(t, strings.TrimPrefix(old.admin, "http://"))
	page.Until(t, `document.getElementById("state").textContent === "running" && !document.body.classList.contains("stale")`)
	page.Until(t, `document.querySelector("#endpoints tbody tr").lastElementChild.innerText === "0"`)
	again.call(t, 3)
	page.Until(t, `document.querySelector("#endpoints tbody tr").lastElementChild.innerText === "3"`)
}

// TestTooManyReaders has a page for which there is no place, until there is one.
func TestTooManyReaders(t *testing.T) {
	b := browser.Start(t)
	u := up(t, "127.0.0.1:0")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range 16 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.admin+"/live", nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	page := b.Open(t, u.admin)
	page.Until(t, `document.getElementById("state").textContent === "waiting"`)
	page.Until(t, `document.getElementById("status").textContent.includes("enough readers")`)
	leave()
	page.Until(t, `document.getElementById("state").textContent === "running"`)
}

// TestAccess has the page on a phone, by the keyboard, and in both colour schemes.
func TestAccess(t *testing.T) {
	b := browser.Start(t)
	u := up(t, "127.0.0.1:0")
	u.backends[0].broken.Store(true)
	u.call(t, 90)
	page := b.Open(t, u.admin)
	page.Until(t, row("instances", "ejected"))

	t.Run("width", func(t *testing.T) {
		for _, width := range []int{320, 360, 1280} {
			page.Size(t, width, 740)
			var wide float64
			page.Eval(t, `document.documentElement.scrollWidth`, &wide)
			require.LessOrEqual(t, wide, float64(width))
		}
		page.Size(t, 360, 740)
		page.Until(t, `document.querySelector("#endpoints .scroll").getAttribute("tabindex") === "0"`)
	})

	t.Run("keyboard", func(t *testing.T) {
		page.Size(t, 1280, 740)
		page.Until(t, `!document.querySelector("#breakers .scroll").hasAttribute("tabindex")`)
		page.Eval(t, `document.activeElement.blur()`, nil)
		var order []string
		for range 200 {
			page.Press(t, "Tab")
			var at string
			page.Eval(t, `(document.activeElement.closest("section") || document.activeElement.closest("header, nav") || {}).id || document.activeElement.closest("header, nav")?.tagName || document.activeElement.className`, &at)
			if len(order) == 0 || order[len(order)-1] != at {
				order = append(order, at)
			}
			var outline string
			page.Eval(t, `getComputedStyle(document.activeElement).outlineStyle`, &outline)
			require.Equal(t, "solid", outline, "the focus in %s is to be seen", at)
			if at == "about" {
				break
			}
		}
		require.Equal(t, []string{
			"skip", "HEADER", "NAV", "endpoints", "objectives", "breakers", "limits", "pools", "instances", "checks", "calls", "events", "about",
		}, order)

		heads := `document.querySelectorAll("#instances thead button")`
		page.Eval(t, heads+`[0].focus()`, nil)
		for _, key := range []string{"Enter", " "} {
			page.Press(t, key)
			want := map[string]string{"Enter": "ascending", " ": "descending"}[key]
			page.Until(t, `document.querySelector("#instances thead th").getAttribute("aria-sort") === "`+want+`"`)
			var addrs []string
			page.Eval(t, `[...document.querySelectorAll("#instances tbody th")].map((th) => th.innerText)`, &addrs)
			require.Len(t, addrs, instances)
			require.Equal(t, want == "ascending", addrs[0] < addrs[2])
		}
		page.Until(t, `document.activeElement === `+heads+`[0]`)
	})

	t.Run("axe-core", func(t *testing.T) {
		for _, width := range []int{360, 1280} {
			page.Size(t, width, 740)
			for _, scheme := range []string{"light", "dark"} {
				page.Scheme(t, scheme)
				require.Empty(t, page.Axe(t), "%s, %d px", scheme, width)
			}
		}
		require.NoError(t, u.stop())
		page.Until(t, `document.body.classList.contains("stale")`)
		for _, scheme := range []string{"light", "dark"} {
			page.Scheme(t, scheme)
			require.Empty(t, page.Axe(t), "%s, unreachable", scheme)
		}
	})
}
