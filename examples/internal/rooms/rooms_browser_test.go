package rooms_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPage has the page of the document show and call a service, in a real browser.
func TestPage(t *testing.T) {
	s := open(t, "/docs", nil)

	t.Run("overview", func(t *testing.T) {
		require.Equal(t, "Rooms", s.text(t, "#title"))
		require.Equal(t, "1.4.0", s.text(t, "#version"))
		for _, text := range []string{"Rooms of a house", "OpenAPI 3.2.0", "7, of which 1 deprecated", "The desk", "Apache 2.0", "What can be rented.", "token: bearer token"} {
			require.Contains(t, s.text(t, "main"), text)
		}
		require.Equal(t, "Filter 7 operations Rooms GET /rooms Lists rooms. POST /rooms Makes a room. GET /rooms/{id} Returns a room. "+
			"DELETE /rooms/{id} Deletes a room. deprecated GET /rooms/{id}/prices Watches the price of a room. POST /close Closes the house. "+
			"Guests POST /guests Counts guests that arrive.", s.text(t, "nav"))
	})

	t.Run("filter", func(t *testing.T) {
		filter := `(() => { const f = document.getElementById("filter"); f.value = %q; f.dispatchEvent(new Event("input")); })()`
		s.Eval(t, fmt.Sprintf(filter, "DELETE room"), nil)
		require.Equal(t, "Filter 1 of 7 operations DELETE /rooms/{id} Deletes a room. deprecated", s.text(t, "nav"))
		s.Eval(t, fmt.Sprintf(filter, "nothing"), nil)
		require.Equal(t, "Filter 0 of 7 operations", s.text(t, "nav"))
		s.Eval(t, fmt.Sprintf(filter, ""), nil)
	})

	t.Run("describes", func(t *testing.T) {
		s.choose(t, "Rooms.List", "/rooms")
		about := s.text(t, ".about-operation")
		for _, text := range []string{
			"limit integer (int64) query How many rooms at most. ≥ 1 ≤ 100 default 20", `kind Kind query Only rooms of this kind. one of "single" "double" "suite"`,
			"tag array of string query at most 5 items", "X-Trace string header deprecated at most 20 characters",
			"200 The rooms.", "X-Total integer How many there are.", "application/json Found", "400 endpoint/INVALID_REQUEST INVALID_ARGUMENT the request is not valid",
		} {
			require.Contains(t, about, text)
		}
		s.Eval(t, `document.querySelector(".errors summary").click()`, nil)
		s.Until(t, `document.querySelector(".errors pre").innerText.includes('"pointer": "/beds"')`)
	})

	t.Run("unfolds a schema that contains itself", func(t *testing.T) {
		s.choose(t, "Rooms.Get", "/rooms/{id}")
		for depth := 1; depth <= 5; depth++ {
			s.Until(t, fmt.Sprintf(`document.querySelectorAll(".response .members").length === %d`, depth))
			s.Eval(t, `[...document.querySelectorAll(".response .inside > summary")].filter((e) => e.innerText === "Members of Room").at(-1).click()`, nil)
		}
	})

	t.Run("calls", func(t *testing.T) {
		s.choose(t, "Rooms.List", "/rooms")
		s.enter(t, "limit", "5")
		s.enter(t, "tag", "a b\nc&d")
		s.Until(t, fmt.Sprintf(`document.querySelector(".curl code").textContent === "curl '%s/rooms?limit=5&tag=a%%20b&tag=c%%26d' -H 'Accept: application/json'"`, s.url))
		s.send(t)
		s.answered(t, "200 OK", `"name": "Garden"`)
		s.Eval(t, `document.querySelector(".answer > div > details > summary").click()`, nil)
		s.answered(t, "x-total\n1")
	})

	t.Run("shows violations at their fields", func(t *testing.T) {
		s.enter(t, "limit", "0")
		s.enter(t, "X-Trace", "this is longer than twenty characters")
		s.send(t)
		s.answered(t, "400 Bad Request", "query:limit must be at least 1", "INVALID_ARGUMENT")
		for _, label := range []string{"limit", "X-Trace"} {
			s.Until(t, field(label)+`.ariaInvalid === "true"`)
		}
		s.Until(t, `document.getElementById(`+field("limit")+`.getAttribute("aria-describedby")).innerText === "must be at least 1"`)
		s.Eval(t, `document.querySelector(".answer .violations button").click()`, nil)
		s.Until(t, `document.activeElement === `+field("limit"))
		s.enter(t, "limit", "")
		s.enter(t, "X-Trace", "")
		s.send(t)
		s.answered(t, "200 OK")
		s.Until(t, `!document.querySelector(".try [aria-invalid]")`)
	})

	t.Run("shows violations at their lines", func(t *testing.T) {
		s.choose(t, "Rooms.Create", "/rooms")
		s.Until(t, field("application/json")+`.value === JSON.stringify({name: "Attic", kind: "double", beds: 1, tags: ["quiet"]}, null, 2)`)
		s.enter(t, "application/json", "{\"kind\": \"double\",\n \"name\": \"Garden\",\n \"beds\": 9}")
		s.send(t)
		s.answered(t, "400 Bad Request", "/beds must be at most 8")
		require.Equal(t, "line 3 /beds must be at most 8", s.text(t, "fieldset .violations"))
		s.Eval(t, `document.querySelector("fieldset .violations button").click()`, nil)
		s.Until(t, `document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd) === "9"`)
		s.enter(t, "application/json", `{"kind": "double"`)
		s.Until(t, `document.querySelector("fieldset .note").innerText.startsWith("Not valid JSON")`)
		s.enter(t, "application/json", `{"kind": "double", "name": "Garden", "beds": 2}`)
		s.send(t)
		s.answered(t, "409 Conflict", "the name is taken", "rooms/TAKEN")
		require.Empty(t, s.text(t, "fieldset .violations"))
	})

	t.Run("keeps what was entered", func(t *testing.T) {
		s.choose(t, "Rooms.List", "/rooms")
		s.choose(t, "Rooms.Create", "/rooms")
		s.Until(t, field("application/json")+`.value.includes("Garden")`)
	})

	t.Run("needs a value in a path", func(t *testing.T) {
		s.choose(t, "Rooms.Delete", "/rooms/{id}")
		s.enter(t, "id", "..")
		s.send(t)
		s.Until(t, `document.querySelector(".try [role=alert]").innerText.startsWith("Not sent")`)
		s.enter(t, "id", "a/b ?")
		s.send(t)
		s.answered(t, "404", "no such room")
		s.Until(t, `document.querySelector(".curl code").textContent.includes("/rooms/a%2Fb%20%3F'")`)
	})

	t.Run("streams while items come, and stops", func(t *testing.T) {
		s.choose(t, "Rooms.Prices", "/rooms/{id}/prices")
		s.send(t)
		for _, n := range []int{2, 5, 9} {
			s.Until(t, fmt.Sprintf(`document.querySelectorAll(".items li").length >= %d && !document.querySelector(".try button[type=button]").hidden`, n))
			require.Contains(t, s.text(t, ".answer .state"), "more may come")
		}
		require.Contains(t, s.text(t, ".items"), `id 2 {"n":2,"cents":9020}`)
		require.Contains(t, s.text(t, ".curl code"), "curl -N ")
		s.Eval(t, `[...document.querySelectorAll(".try button")].find((b) => b.innerText === "Stop").click()`, nil)
		s.answered(t, "stopped after")
		<-s.left
		s.send(t)
		s.Until(t, `document.querySelectorAll(".items li").length >= 2`)
		s.choose(t, "Rooms.Get", "/rooms/{id}")
		<-s.left // leaving the operation ends its stream
	})

	t.Run("shows how a stream ends", func(t *testing.T) {
		s.choose(t, "Rooms.Prices", "/rooms/{id}/prices")
		s.enter(t, "until", "3")
		s.send(t)
		s.answered(t, "3 items, the stream has ended after", `{"n":3,"cents":9030}`)
		s.enter(t, "fail", "true")
		s.send(t)
		s.answered(t, "3 items, failed after", "nobody works today", "rooms/STRIKE")
		s.enter(t, "id", "99")
		s.send(t)
		s.answered(t, "404 Not Found", "no such room")
	})

	t.Run("sends lines", func(t *testing.T) {
		s.choose(t, "Rooms.Arrive", "/guests")
		s.Until(t, field("application/x-ndjson")+`.value === '{"name":"Ada"}\n'`)
		s.enter(t, "application/x-ndjson", "{\"name\": \"Ada\"}\n{\"name\": \"Grace\"}\n")
		s.send(t)
		s.answered(t, "200 OK", `"guests": 2`)
	})

	t.Run("authenticates", func(t *testing.T) {
		s.choose(t, "Rooms.Close", "/close")
		s.send(t)
		s.answered(t, "401 Unauthorized", "a token is needed")
		s.enter(t, "basic: user", "ada")
		s.enter(t, "basic: password", "pä")
		s.send(t)
		s.answered(t, `"by": "Basic YWRhOnDDpA=="`)
		s.enter(t, "token: bearer token", "secret")
		s.send(t)
		s.answered(t, `"by": "Bearer secret"`)
		require.Contains(t, s.text(t, ".curl code"), `-H "Authorization: Bearer $TOKEN"`)
		require.NotContains(t, s.text(t, ".curl code"), "secret")
		s.Eval(t, `location.hash = ""`, nil)
		s.Until(t, `document.querySelector(".overview .auth input").value === "secret"`)
		var stored int
		s.Eval(t, `localStorage.length + sessionStorage.length + document.cookie.length`, &stored)
		require.Zero(t, stored)
	})

	s.quiet(t)
}

// TestPrefix has the page below a prefix that the service does not know, with a document of 3.1.
func TestPrefix(t *testing.T) {
	s := open(t, "/a/prefix/docs-3.1/#Rooms.Prices", nil)
	s.Until(t, `document.querySelector("article.operation")`)
	s.enter(t, "until", "2")
	s.send(t)
	s.answered(t, "2 items, the stream has ended")
	s.Until(t, `document.querySelector(".curl code").textContent.includes("/a/prefix/rooms/1/prices?until=2'")`)
	s.Go(t, s.url+"/a/prefix/docs")
	s.Until(t, `location.pathname === "/a/prefix/docs" && document.getElementById("title").innerText === "Rooms"`)
	s.quiet(t)
}
