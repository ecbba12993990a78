package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/browser"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestDocs calls the program from the page of its document, in a real browser that reaches no
// other host.
func TestDocs(t *testing.T) {
	addrs, stop := start(t)
	site := "http://" + addrs["HTTP"]
	p := browser.Start(t, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1").Open(t, site+"/docs")
	p.Until(t, `document.getElementById("title").innerText === "profilesvc"`)
	answered := func(texts ...string) {
		t.Helper()
		p.Eval(t, `document.querySelector(".try .primary").click()`, nil)
		for _, text := range texts {
			p.Until(t, fmt.Sprintf(`document.querySelector(".answer").innerText.includes(%q)`, text))
		}
	}

	p.Eval(t, `document.querySelector("#list a[href='#Profiles.Post']").click()`, nil)
	p.Until(t, `document.querySelector(".try textarea")`)
	p.Until(t, fmt.Sprintf(`document.querySelector(".curl code").textContent.startsWith("curl -X POST '%s/profiles/'")`, site))
	answered("200 OK") // to the examples of the document
	require.JSONEq(t, `{"profile":{"id":"1234","name":"Ann","addresses":[{"id":"home","location":"1 Main Street"}]}}`, programtest.Get(t, addrs["HTTP"]+"/profiles/1234"))
	answered("409 Conflict", "there is a profile", "profilesvc/ALREADY_EXISTS")

	p.Eval(t, `document.querySelector("#list a[href='#Profiles.Get']").click()`, nil)
	p.Until(t, `document.querySelector("article.operation h2").innerText.endsWith("/profiles/{id}")`)
	p.Eval(t, `(() => { const f = document.querySelector(".try input"); f.value = "1234"; f.dispatchEvent(new Event("input", {bubbles: true})); })()`, nil)
	answered("200 OK", `"location": "1 Main Street"`)
	for _, f := range p.Faults() {
		require.Contains(t, f, "the server responded with a status of 409", "the console reports a fault")
	}
	require.Contains(t, stop(), "operation=Profiles.Get")
}
