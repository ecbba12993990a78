package rooms_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAccess has the page on a phone and a desk, in both colour schemes, and by the keyboard.
// It keeps screenshots; see browser.Page.Screenshot.
func TestAccess(t *testing.T) {
	s := open(t, "/docs", nil)
	views := []struct {
		name    string
		prepare func()
	}{
		{"overview", func() {}},
		{"call", func() {
			s.choose(t, "Rooms.List", "/rooms")
			s.enter(t, "limit", "0")
			s.send(t)
			s.answered(t, "400")
		}},
		{"body", func() {
			s.choose(t, "Rooms.Create", "/rooms")
			s.enter(t, "application/json", "{\n  \"name\": \"Attic\",\n  \"kind\": \"double\",\n  \"beds\": 0\n}")
			s.send(t)
			s.answered(t, "400")
		}},
		{"stream", func() {
			s.choose(t, "Rooms.Prices", "/rooms/{id}/prices")
			s.enter(t, "until", "12")
			s.send(t)
			s.answered(t, "12 items")
		}},
		{"auth", func() { s.choose(t, "Rooms.Close", "/close") }},
	}
	for _, v := range views {
		v.prepare()
		for _, width := range []int{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				s.Scheme(t, scheme)
				s.Size(t, width, 800)
				var wide, height float64
				s.Eval(t, `document.documentElement.scrollWidth`, &wide)
				require.LessOrEqual(t, wide, float64(width), v.name)
				s.Eval(t, `document.documentElement.scrollHeight`, &height)
				s.Size(t, width, int(height))
				s.Screenshot(t, fmt.Sprintf("%s-%d-%s", v.name, width, scheme))
				s.Size(t, width, 800)
				if (width == 390) == (scheme == "dark") { // each width and each scheme once: axe takes its time
					require.Empty(t, s.Axe(t), "%s, %s, %d px", v.name, scheme, width)
				}
			}
		}
	}
	s.quiet(t)
}

// TestKeyboard calls an operation and stops a stream by the keyboard alone.
func TestKeyboard(t *testing.T) {
	s := open(t, "/docs", nil)
	s.Size(t, 1280, 800)
	// until presses Tab until an expression is true. The focus is always to be seen.
	until := func(expression string) {
		t.Helper()
		for range 60 {
			s.Press(t, "Tab")
			var seen struct {
				At      bool   `json:"at"`
				Outline string `json:"outline"`
			}
			s.Eval(t, `(() => { const e = document.activeElement; return {at: Boolean(`+expression+`), outline: getComputedStyle(e).outlineStyle}; })()`, &seen)
			require.Equal(t, "solid", seen.Outline, expression)
			if seen.At {
				return
			}
		}
		require.Fail(t, "the focus never reaches "+expression)
	}
	until(`e.id === "skip"`)
	until(`e.id === "filter"`)
	s.Type(t, "price")
	until(`e.innerText.includes("/prices")`)
	s.Press(t, "Enter")
	s.Until(t, `document.activeElement.tagName === "H2" && document.activeElement.innerText.includes("/prices")`)
	until(`e === ` + field("id"))
	until(`e === ` + field("until"))
	s.Type(t, "0")
	s.Press(t, "Enter") // sends the form
	s.answered(t, "query:until must be at least 1")
	until(`e.innerText === "Send"`)
	until(`e.closest(".violations")`)
	s.Press(t, "Enter")
	s.Until(t, `document.activeElement === `+field("until"))
	s.Eval(t, `document.activeElement.select()`, nil)
	s.Type(t, "100000")
	until(`e.innerText === "Send"`)
	s.Press(t, " ")
	s.Until(t, `document.querySelectorAll(".items li").length >= 2 && document.activeElement.innerText === "Stop"`)
	s.Press(t, "Enter")
	s.answered(t, "stopped after")
	s.Until(t, `document.activeElement.innerText === "Send"`)
	until(`e.getAttribute("aria-label") === "Items of the stream"`)
	until(`e.innerText === "Copy"`)
	<-s.left
}
