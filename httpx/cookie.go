package httpx

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// maxCookies is how many cookies of a request are looked at, as in net/http.
const maxCookies = 3000

const notACookie = "not a valid cookie"

// readCookies takes the first of several cookies of one name, as RFC 6265 §5.4
// orders them: the one with the longest path. It reads the header itself, because
// net/http leaves out a cookie whose value is malformed, which would then read as an
// absent one. See decision 175.
func (d *decoding) readCookies(r *http.Request) {
	n := 0
	for _, line := range r.Header["Cookie"] {
		for line != "" && !d.full() {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if n++; n > maxCookies {
				d.add("header:Cookie", "more than "+itoa(maxCookies)+" cookies")
				return
			}
			name, value, _ := strings.Cut(strings.Trim(pair, " \t\r\n"), "=")
			if i := d.cookieParam(strings.TrimRight(name, " \t")); i >= 0 {
				d.setCookie(i, value)
			}
		}
	}
}

// cookieParam returns the place of the parameter for a cookie that was not seen yet, or
// a negative number.
func (d *decoding) cookieParam(name string) int {
	for i := range d.b.params {
		if p := &d.b.params[i]; p.source == inCookie && p.name == name && d.seen&(1<<i) == 0 {
			return i
		}
	}
	return -1
}

// setCookie gives a parameter the value of a cookie, which may be in quotes.
func (d *decoding) setCookie(i int, value string) {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	p := &d.b.params[i]
	if !p.sendable(value) {
		d.seen |= 1 << i
		d.add(p.place, notACookie)
		return
	}
	d.set(i, value)
}

// readSetCookie takes the first of several cookies of one name. lines are those of the
// header, from which net/http read the cookies and left out those that are malformed.
func (d *decoding) readSetCookie(i int, cookies []*http.Cookie, lines []string) {
	p := &d.b.params[i]
	at := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == p.name })
	if at < 0 {
		if slices.ContainsFunc(lines, func(line string) bool { return cookieName(line) == p.name }) {
			d.add(p.place, notACookie)
		}
		return
	}
	switch f := d.v.FieldByIndex(p.index); {
	case !p.cookie:
		d.set(i, cookies[at].Value)
	case p.pointer:
		f.Set(reflect.ValueOf(cookies[at]))
	default:
		f.Set(reflect.ValueOf(*cookies[at]))
	}
}

// cookieName returns the name in a line of Set-Cookie.
func cookieName(line string) string {
	line, _, _ = strings.Cut(line, ";")
	name, _, _ := strings.Cut(line, "=")
	return strings.Trim(name, " \t")
}
