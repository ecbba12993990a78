package house

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestWords keeps places that only one machine knows out of the project's
// texts: absolute folders of a user, and the hosts that modules come from.
func TestWords(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	rules := places()
	// The host in use here has no business in a text either, whatever it is.
	proxies := strings.FieldsFunc(strings.TrimSpace(string(command(t, root, "go", "env", "GOPROXY"))), isListSeparator)
	for _, p := range proxies {
		if host := publicHost(p); host != "" {
			rules = append(rules, regexp.MustCompile(regexp.QuoteMeta(host)))
		}
	}
	var faults []string
	for _, name := range tracked(t, root) {
		if strings.HasSuffix(name, ".sum") {
			continue // checksums may spell anything
		}
		text := read(t, root, name)
		if strings.Contains(text, "\x00") {
			continue // not a text
		}
		faults = append(faults, mentions(rules, name, text)...)
	}
	report(t, faults, "these lines name a place outside the project")
}

func isListSeparator(r rune) bool { return r == ',' || r == '|' }

// publicHost returns the host of a module proxy; "" for the words that GOPROXY
// knows and for a proxy on the machine itself, whose address means nothing.
func publicHost(proxy string) string {
	u, err := url.Parse(proxy)
	if err != nil || !strings.ContainsAny(u.Hostname(), "abcdefghijklmnopqrstuvwxyz") || !strings.Contains(u.Hostname(), ".") {
		return ""
	}
	return u.Hostname()
}

// places returns the patterns of what no text names. They are put together
// here so that this file does not match them.
func places() []*regexp.Regexp {
	const slash = "/"
	return []*regexp.Regexp{
		regexp.MustCompile(slash + "(?:root|work)" + slash),
		regexp.MustCompile(slash + "(?:home|Users)" + slash + `[A-Za-z0-9_.-]+` + slash),
		regexp.MustCompile("https?:" + slash + slash + `(?:go)?proxy\.`),
		regexp.MustCompile(`(?i)\bproxy` + `\.golang\.org\b`),
	}
}

// mentions returns the lines that match a rule.
func mentions(rules []*regexp.Regexp, name, text string) []string {
	var faults []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		for _, rule := range rules {
			if found := rule.FindString(line); found != "" {
				faults = append(faults, fmt.Sprintf("%s:%d: %s", name, n, found))
				break
			}
		}
	}
	return faults
}

func TestMentions(t *testing.T) {
	t.Parallel()
	const slash = "/"
	for _, tt := range []struct {
		name, text string
		faults     int
	}{
		{"root's folder", "see " + slash + "root" + slash + "go", 1},
		{"a folder of work", "cd " + slash + "work" + slash + "main", 1},
		{"a home", slash + "home" + slash + "ada" + slash + "src", 1},
		{"a home of another system", slash + "Users" + slash + "ada" + slash + "src", 1},
		{"a proxy", "https:" + slash + slash + "proxy" + ".example.com", 1},
		{"a Go proxy", "GOPROXY=http:" + slash + slash + "goproxy" + ".example.com", 1},
		{"the public proxy", "Proxy" + ".golang.org", 1},
		{"two lines", slash + "root" + slash + "\n\n" + slash + "work" + slash + "\n", 2},
		{"one line twice", slash + "root" + slash + " " + slash + "work" + slash + "\n", 1},
		{"words of the trade", "root/ work/ a proxy. network/ /roots/ /homework/a", 0},
		{"a file of the system", "/etc/hosts and /tmp/x", 0},
		{"a web address", "https://go.dev/doc/ and https://pkg.go.dev/net/http", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if faults := mentions(places(), "a.md", tt.text); len(faults) != tt.faults {
				t.Errorf("mentions in %q: got %q, want %d", tt.text, faults, tt.faults)
			}
		})
	}
}

func TestPublicHost(t *testing.T) {
	t.Parallel()
	for proxy, host := range map[string]string{
		"direct": "", "off": "", "http://localhost:3000": "", "http://127.0.0.1:3000": "", "file:///tmp/x": "",
		"https://mod.example.com/go": "mod.example.com", "https://mod.example.com:8443": "mod.example.com",
	} {
		if got := publicHost(proxy); got != host {
			t.Errorf("publicHost(%q) = %q, want %q", proxy, got, host)
		}
	}
}
