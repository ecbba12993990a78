package auth

import (
	"encoding/base64"
	"strings"
	"testing"
)

// FuzzBearer parses any value of Authorization.
func FuzzBearer(f *testing.F) {
	for _, s := range []string{"", "Bearer", "Bearer ", "Bearer a", "bearer  a.b-c_~+/==", "Bearer =", "Bearer a b", "Basic a", "Bearera", "\tBearer a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		token, ok, err := parseBearer(value)
		switch {
		case err != nil && (!ok || token != ""), err == nil && ok != (token != ""):
			t.Fatalf("parseBearer(%q) = %q, %v, %v", value, token, ok, err)
		case ok && err == nil && (strings.ContainsAny(token, " \t\",") || !strings.Contains(value, token)):
			t.Fatalf("parseBearer(%q) = %q", value, token)
		}
	})
}

// FuzzBasic parses any value of Authorization, and those of any name and password.
func FuzzBasic(f *testing.F) {
	for _, s := range []string{"", "Basic", "Basic YTpi", "Basic YTpi=", "basic YTo=", "Basic Og==", "Bearer a", "Basic \xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		credential, ok, err := parseBasic(value)
		if err != nil && (!ok || credential != "") || ok && err == nil && !strings.Contains(credential, ":") {
			t.Fatalf("parseBasic(%q) = %q, %v, %v", value, credential, ok, err)
		}
		written := "Basic " + base64.StdEncoding.EncodeToString([]byte(value))
		credential, ok, err = parseBasic(written)
		if want := isText(value) && strings.Contains(value, ":"); !ok || want != (err == nil) || want && credential != value {
			t.Fatalf("parseBasic(%q) = %q, %v, %v", written, credential, ok, err)
		}
	})
}

// FuzzCookies looks for a cookie in any two lines, and finds the one that is set.
func FuzzCookies(f *testing.F) {
	for _, s := range []string{"", "key=a", "key=a; key=b", `key="a"`, "key", "=;;=", "a=b; key=c"} {
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		value, ok, err := parseCookies([]string{a, b}, "key")
		if err != nil && (!ok || value != "") || err == nil && ok != (value != "") {
			t.Fatalf("parseCookies(%q, %q) = %q, %v, %v", a, b, value, ok, err)
		}
		if len(a) > maxCookies/2 {
			return
		}
		set := withCookie(a, "key", "k1")
		if value, ok, err := parseCookies([]string{set}, "key"); value != "k1" || !ok || err != nil {
			t.Fatalf("parseCookies(%q) = %q, %v, %v", set, value, ok, err)
		}
	})
}

// FuzzQuotable has only what may stand in a header in challenges.
func FuzzQuotable(f *testing.F) {
	f.Add("users", "a")
	f.Fuzz(func(t *testing.T, name, realm string) {
		b := &Bearer[nobody]{Name: name, Realm: realm}
		if b.Err() != nil {
			return
		}
		if c := b.Challenge("invalid_token", nil); strings.ContainsAny(c, "\r\n\\") || strings.Count(c, `"`) != 4 {
			t.Fatalf("the challenge is %q", c)
		}
	})
}

type nobody struct{}

func (nobody) Principal() string { return "" }
