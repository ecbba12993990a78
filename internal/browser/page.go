package browser

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Page is a tab of a [Browser].
type Page struct {
	browser *Browser
	session string

	mu     sync.Mutex // guards the field below
	faults []string
}

// Open opens a tab.
func (b *Browser) Open(t *testing.T, url string) *Page {
	t.Helper()
	var target struct {
		ID string `json:"targetId"`
	}
	b.do(t, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		Session string `json:"sessionId"`
	}
	b.do(t, "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	p := &Page{browser: b, session: attached.Session}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		p.do(t, domain+".enable", nil, nil)
	}
	p.Go(t, url)
	return p
}

func (p *Page) do(t *testing.T, method string, params map[string]any, out any) {
	t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	p.browser.do(t, p.session, method, params, out)
}

// Go opens another address in the tab.
func (p *Page) Go(t *testing.T, url string) {
	t.Helper()
	p.do(t, "Page.navigate", map[string]any{"url": url}, nil)
	p.Until(t, `document.readyState === "complete" && location.href !== "about:blank"`)
}

// note keeps what the console of the page reports as an error: exceptions, and what a
// policy of the page forbids.
func (p *Page) note(method string, params jsontext.Value) {
	var e struct {
		Entry struct {
			Level string `json:"level"`
			Text  string `json:"text"`
		} `json:"entry"`
		Details struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	_ = json.Unmarshal(params, &e)
	text := ""
	switch {
	case method == "Log.entryAdded" && e.Entry.Level == "error":
		text = e.Entry.Text
	case method == "Runtime.exceptionThrown":
		text = e.Details.Text + " " + e.Details.Exception.Description
	}
	if text == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, text)
}

// Faults returns what the console reported since the last call.
func (p *Page) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	faults := p.faults
	p.faults = nil
	return faults
}

// Eval evaluates an expression, waits for it if it is a promise, and reads it into out,
// unless that is nil.
func (p *Page) Eval(t *testing.T, expression string, out any) {
	t.Helper()
	var r struct {
		Result struct {
			Value jsontext.Value `json:"value"`
		} `json:"result"`
		Details struct {
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	p.do(t, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	require.Empty(t, r.Details.Text, "%s: %s", expression, r.Details.Exception.Description)
	if out != nil {
		require.NoError(t, json.Unmarshal(r.Result.Value, out), "%s", expression)
	}
}

// Until waits until an expression is true. The page looks itself, ten times a second.
func (p *Page) Until(t *testing.T, expression string) {
	t.Helper()
	var seen string
	p.Eval(t, `new Promise((resolve) => {
		const end = Date.now() + 40000;
		const look = () => {
			let now = false;
			try { now = Boolean(`+expression+`); } catch {}
			if (now) resolve("");
			else if (Date.now() > end) resolve(document.body.innerText);
			else setTimeout(look, 100);
		};
		look();
	})`, &seen)
	require.Empty(t, seen, "the page never had %s; its text at the end", expression)
}

// Size sets the size of the window, in pixels.
func (p *Page) Size(t *testing.T, width, height int) {
	t.Helper()
	p.do(t, "Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
	}, nil)
}

// Scheme sets what the user prefers: "light" or "dark".
func (p *Page) Scheme(t *testing.T, scheme string) {
	t.Helper()
	p.do(t, "Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}},
	}, nil)
}

// keys are the codes of the keys that Press knows.
func keys() map[string]int { return map[string]int{"Tab": 9, "Enter": 13, " ": 32} }

// Press presses a key as a user does: "Tab", "Enter" or " ".
func (p *Page) Press(t *testing.T, key string) {
	t.Helper()
	code, ok := keys()[key]
	require.True(t, ok, "no key %s", strconv.Quote(key))
	text := map[string]string{"Enter": "\r", " ": " "}[key]
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "code": map[string]string{" ": "Space"}[key], "windowsVirtualKeyCode": code}
		if kind == "keyDown" && text != "" {
			params["text"] = text
		}
		p.do(t, "Input.dispatchKeyEvent", params, nil)
	}
}

// Type enters a text where the focus is, as a user does.
func (p *Page) Type(t *testing.T, text string) {
	t.Helper()
	p.do(t, "Input.insertText", map[string]any{"text": text}, nil)
}

// Screenshot keeps what the page shows, whole, as a PNG among the artifacts of the test: go
// test -artifacts keeps them in the folder of -outputdir.
func (p *Page) Screenshot(t *testing.T, name string) {
	t.Helper()
	var shot struct {
		Data []byte `json:"data"`
	}
	p.do(t, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	require.NotEmpty(t, shot.Data)
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), shot.Data, 0o600))
}
