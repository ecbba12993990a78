package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
)

func itoa(n int) string { return strconv.Itoa(n) }

// texts returns the values of a parameter as texts; none when it is absent: a
// nil pointer, an empty slice. Its error names the parameter. dst is room for
// them.
func (p *param) texts(v reflect.Value, dst []string) ([]string, error) {
	f := v.FieldByIndex(p.index)
	if p.slice {
		for i := range f.Len() {
			s, err := p.scalar.Format(addressable(f.Index(i)))
			if err != nil {
				return nil, p.unwritable(err)
			}
			dst = append(dst, s)
		}
		return dst, nil
	}
	switch {
	case p.optional:
		o := f.Addr().Interface().(optional)
		value, ok := o.Peek()
		switch {
		case o.IsNull():
			return nil, p.unwritable(errors.New("null has no form as a parameter"))
		case !ok:
			return nil, nil
		}
		f = reflect.ValueOf(value).Elem()
	case p.pointer && f.IsNil():
		return nil, nil
	case p.pointer:
		f = f.Elem()
	}
	s, err := p.scalar.Format(f)
	if err != nil {
		return nil, p.unwritable(err)
	}
	return append(dst, s), nil
}

// addressable returns v, or a copy of it that has an address.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

func (p *param) unwritable(err error) error {
	return ErrInvalidRequest.WithViolations(endpoint.Violation{Parameter: p.place, Detail: "the value cannot be sent"}).WithCause(err)
}

// writePath appends the path of a call, escaped, and as it is.
func (b *binding) writePath(p *pattern, v reflect.Value, escaped, plain []byte) (e, pl []byte, err error) {
	for _, s := range p.segments {
		escaped, plain = append(escaped, '/'), append(plain, '/')
		if s.name == "" {
			escaped, plain = append(escaped, s.literal...), append(plain, s.literal...)
			continue
		}
		text, err := b.pathText(s, v)
		if err != nil {
			return nil, nil, err
		}
		escaped, plain = appendEscaped(escaped, text, s.rest), append(plain, text...)
	}
	return escaped, plain, nil
}

// pathText returns the value of a wildcard. An empty one would be another path.
func (b *binding) pathText(s segment, v reflect.Value) (string, error) {
	var room [1]string
	for i := range b.params {
		p := &b.params[i]
		if p.source != inPath || p.name != s.name {
			continue
		}
		texts, err := p.texts(v, room[:0])
		if err != nil {
			return "", err
		}
		if len(texts) == 0 || texts[0] == "" && !s.rest {
			return "", ErrInvalidRequest.WithViolations(endpoint.Violation{Parameter: p.place, Detail: "empty"})
		}
		if s.rest && (strings.HasPrefix(texts[0], "/") || strings.Contains(texts[0], "//")) {
			// Routers and proxies make one slash of two.
			return "", ErrInvalidRequest.WithViolations(endpoint.Violation{Parameter: p.place, Detail: "has an empty segment"})
		}
		return texts[0], nil
	}
	return "", nil
}

// writeQuery appends the query of a call.
func (b *binding) writeQuery(v reflect.Value, dst []byte) ([]byte, error) {
	var room [4]string
	for _, i := range b.query {
		p := &b.params[i]
		texts, err := p.texts(v, room[:0])
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			if !p.sends(v) {
				continue
			}
			if len(dst) > 0 {
				dst = append(dst, '&')
			}
			dst = append(dst, url.QueryEscape(p.name)...)
			dst = append(dst, '=')
			dst = append(dst, url.QueryEscape(text)...)
		}
	}
	return dst, nil
}

// sends reports whether a parameter is to be sent: a zero value is left out unless the
// other side asks for it, so that a default applies. See decision 166.
func (p *param) sends(v reflect.Value) bool {
	return p.slice || p.pointer || p.optional || p.required || !v.FieldByIndex(p.index).IsZero()
}

// writeHeader sets the headers and cookies of a call.
func (b *binding) writeHeader(v reflect.Value, r *http.Request) error {
	var room [4]string
	for i := range b.params {
		p := &b.params[i]
		if p.source != inHeader && p.source != inCookie || !p.sends(v) {
			continue
		}
		texts, err := p.texts(v, room[:0])
		if err != nil {
			return err
		}
		for _, text := range texts {
			if !p.sendable(text) {
				return p.unwritable(nil)
			}
			if p.source == inCookie {
				r.AddCookie(&http.Cookie{Name: p.name, Value: text, Quoted: needsQuotes(text)})
				continue
			}
			r.Header[p.key] = append(r.Header[p.key], text)
		}
	}
	return nil
}

// sendable says that a text survives the way: a header has no control
// characters and no white space around it (RFC 9110 §5.5), a cookie only the
// octets of RFC 6265 §4.1.1 and, within quotes, space and comma.
func (p *param) sendable(text string) bool {
	if p.source == inCookie {
		for i := range len(text) {
			if c := text[i]; c < ' ' || c > '~' || c == '"' || c == ';' || c == '\\' {
				return false
			}
		}
		return true
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return text == "" || !isSpace(text[0]) && !isSpace(text[len(text)-1])
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func needsQuotes(text string) bool {
	for i := range len(text) {
		if text[i] == ' ' || text[i] == ',' {
			return true
		}
	}
	return false
}

// headerValue is one header of a response that is not written yet.
type headerValue struct{ key, value string }

// replyHeader returns the headers that a response brings, and its status or 0.
// secure says that it goes out over TLS.
func (b *binding) replyHeader(v reflect.Value, secure bool, dst []headerValue) ([]headerValue, int, error) {
	var room [4]string
	for i := range b.params {
		p := &b.params[i]
		if !p.sends(v) {
			continue
		}
		if p.cookie {
			text, err := p.wholeCookie(v)
			if err != nil {
				return dst, 0, err
			}
			if text != "" {
				dst = append(dst, headerValue{"Set-Cookie", text})
			}
			continue
		}
		texts, err := p.texts(v, room[:0])
		if err != nil {
			return dst, 0, err
		}
		for _, text := range texts {
			if !p.sendable(text) {
				return dst, 0, p.unwritable(nil)
			}
			if p.source == inCookie {
				dst = append(dst, headerValue{"Set-Cookie", p.plainCookie(text, secure)})
				continue
			}
			dst = append(dst, headerValue{p.key, text})
		}
	}
	if b.status == nil {
		return dst, 0, nil
	}
	return dst, int(v.FieldByIndex(b.status).Int()), nil
}

// plainCookie returns a cookie that is given by its value alone: for the whole
// site and its session, out of reach of scripts and of other sites' forms, and
// over TLS alone where it came so.
func (p *param) plainCookie(text string, secure bool) string {
	c := http.Cookie{
		Name: p.name, Value: text, Quoted: needsQuotes(text),
		Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	}
	return c.String()
}

// wholeCookie returns the cookie of a field that has all of it, or "" for nil.
// Its name is that of the tag.
func (p *param) wholeCookie(v reflect.Value) (string, error) {
	f := v.FieldByIndex(p.index)
	if p.pointer {
		if f.IsNil() {
			return "", nil
		}
		f = f.Elem()
	}
	c := f.Interface().(http.Cookie)
	if c.Name != "" && c.Name != p.name {
		return "", p.unwritable(fmt.Errorf("the cookie has the name %q", c.Name))
	}
	c.Name = p.name
	if err := c.Valid(); err != nil {
		return "", p.unwritable(err)
	}
	return c.String(), nil
}
