package httpx

import (
	"net/http"
	"net/url"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
)

// ErrInvalidRequest is the error of a request whose parameters or body do not
// fit; its violations name each of them, up to 50. Status 400.
var ErrInvalidRequest = codec.ErrInvalid

// ErrNoRoute is the error of a path that the server does not have. Status 404.
var ErrNoRoute = own(http.StatusNotFound, endpoint.Define(endpoint.Unimplemented, "endpoint", "NO_ROUTE", "no such path"))

// decoding is the reading of one message by a binding.
type decoding struct {
	b     *binding
	v     reflect.Value // the struct
	seen  uint64        // bits of b.params
	fault []endpoint.Violation
}

// full reports whether as many faults were found as an answer lists. Then nothing more
// is read.
func (d *decoding) full() bool { return len(d.fault) >= bounds.Faults }

func (d *decoding) add(place, detail string) {
	if !d.full() {
		d.fault = append(d.fault, endpoint.Violation{Parameter: place, Detail: detail})
	}
}

// set gives a parameter one of its values.
func (d *decoding) set(i int, text string) {
	p := &d.b.params[i]
	bit := uint64(1) << i
	again := d.seen&bit != 0
	d.seen |= bit
	f := d.v.FieldByIndex(p.index)
	if !p.slice {
		if again {
			d.add(p.place, "more than one value")
			return
		}
		if detail := p.assign(f, text); detail != "" {
			d.add(p.place, detail)
		}
		return
	}
	elem := reflect.New(p.elem).Elem()
	if detail := p.scalar.Parse(elem, text); detail != "" {
		d.add(p.place, detail)
		return
	}
	f.Set(reflect.Append(f, elem))
}

// assign sets the field of a parameter, or what its pointer points to.
func (p *param) assign(f reflect.Value, text string) string {
	switch {
	case p.optional:
		f = reflect.ValueOf(f.Addr().Interface().(optional).Target()).Elem()
	case p.pointer:
		f.Set(reflect.New(p.elem))
		f = f.Elem()
	}
	return p.scalar.Parse(f, text)
}

// array gives a parameter whose field is an array all of its values.
func (d *decoding) array(i int, values []string) {
	p := &d.b.params[i]
	d.seen |= 1 << i
	if len(values) != p.typ.Len() {
		d.add(p.place, "must have "+itoa(p.typ.Len())+" values")
		return
	}
	f := d.v.FieldByIndex(p.index)
	for j, text := range values { // as many as the type has
		if detail := p.scalar.Parse(f.Index(j), text); detail != "" {
			d.add(p.place, detail)
		}
	}
}

// defaults sets what members and parameters are when they are absent. For
// members that is before the body is read, which then overwrites them.
func (b *binding) setDefaults(v reflect.Value) {
	for i := range b.defaults {
		p := &b.defaults[i]
		p.assign(v.FieldByIndex(p.index), p.def)
	}
}

// finish applies defaults and finds what is missing.
func (d *decoding) finish() {
	for i := range d.b.params {
		p := &d.b.params[i]
		if d.seen&(1<<i) != 0 {
			continue
		}
		switch {
		case p.hasDef:
			p.assign(d.v.FieldByIndex(p.index), p.def)
		case p.required:
			d.add(p.place, "missing")
		}
	}
}

// readParams reads the parameters of a request. A path without a value is no
// such path.
func (d *decoding) readParams(r *http.Request, by router) error {
	for i := range d.b.params {
		p := &d.b.params[i]
		switch p.source {
		case inPath:
			value, ok := by.pathValue(r, p.segment)
			switch {
			case !ok:
				d.add(p.place, "not valid percent-encoding")
				d.seen |= 1 << i
			case value == "" && !p.segment.rest:
				return ErrNoRoute
			default:
				d.set(i, value)
			}
		case inHeader:
			d.values(i, r.Header[p.key])
		}
	}
	if d.b.cookies {
		d.readCookies(r)
	}
	d.readQuery(r.URL.RawQuery)
	return nil
}

// values gives a parameter the lines of its header.
func (d *decoding) values(i int, lines []string) {
	if len(lines) == 0 {
		return
	}
	if d.b.params[i].array {
		d.array(i, lines)
		return
	}
	for _, line := range lines {
		if d.full() {
			return
		}
		d.set(i, line)
	}
}

// readQuery scans a query against the plan, without building a map of it. It also
// finds what is malformed in the pairs that no field reads: a client that escaped one
// parameter wrongly would otherwise get an answer to another request.
func (d *decoding) readQuery(raw string) {
	var arrays map[int][]string
	for raw != "" && !d.full() {
		var pair queryPair
		pair, raw = cutPair(raw)
		key, ok := pair.unescape(pair.key)
		value, valid := pair.unescape(pair.value)
		i := -1
		if ok {
			i = d.b.queryParam(key)
		}
		switch {
		case pair.semicolon:
			d.add("query:", "has a semicolon; pairs are separated by &")
		case i < 0 && !(ok && valid):
			d.add("query:", "not valid percent-encoding")
		case i < 0:
		case !valid:
			d.seen |= 1 << i
			d.add(d.b.params[i].place, "not valid percent-encoding")
		case d.b.params[i].array:
			if arrays == nil {
				arrays = map[int][]string{}
			}
			if len(arrays[i]) <= d.b.params[i].typ.Len() { // one too many is enough
				arrays[i] = append(arrays[i], value)
			}
		default:
			d.set(i, value)
		}
	}
	for _, i := range d.b.query { // in the order of the fields, not of a map
		if values, ok := arrays[i]; ok {
			d.array(i, values)
		}
	}
}

func (b *binding) queryParam(name string) int {
	for _, i := range b.query {
		if b.params[i].name == name {
			return i
		}
	}
	return -1
}

// A queryPair is a part of a query between two ampersands.
type queryPair struct {
	key, value string // as they are written
	escaped    bool   // one of them
	semicolon  bool   // in one of them
}

// cutPair returns the first pair of a query and what is after it, in one pass:
// pairs are short.
func cutPair(raw string) (p queryPair, rest string) {
	equals, end := -1, 0
	for ; end < len(raw) && raw[end] != '&'; end++ {
		switch raw[end] {
		case '=':
			if equals < 0 {
				equals = end
			}
		case '%', '+':
			p.escaped = true
		case ';':
			p.semicolon = true
		}
	}
	p.key = raw[:end]
	if equals >= 0 {
		p.key, p.value = raw[:equals], raw[equals+1:end]
	}
	return p, raw[min(end+1, len(raw)):]
}

// unescape returns the key or the value as it was meant.
func (p *queryPair) unescape(s string) (string, bool) {
	if !p.escaped {
		return s, true
	}
	s, err := url.QueryUnescape(s)
	return s, err == nil
}

// readReply reads the parameters of a response on a client.
func (d *decoding) readReply(resp *http.Response) {
	var cookies []*http.Cookie
	if d.b.cookies {
		cookies = resp.Cookies()
	}
	for i := range d.b.params {
		p := &d.b.params[i]
		switch p.source {
		case inHeader:
			d.values(i, resp.Header[p.key])
		case inCookie:
			d.readSetCookie(i, cookies, resp.Header["Set-Cookie"])
		}
	}
	if d.b.status != nil {
		d.v.FieldByIndex(d.b.status).SetInt(int64(resp.StatusCode))
	}
}
