package codec_test

import (
	"encoding/base64"
	"encoding/json/jsontext"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// A speaker writes JSON that a type reads, in every form that RFC 8259 has.
type speaker struct {
	*rand.Rand
	faults int  // one value, name or token of so many is wrong; none if it is 0
	nulls  bool // null is a value of every type
	more   bool // objects have unknown members
}

// text returns a text of one value, which is not null.
func (s *speaker) text(t reflect.Type) []byte {
	for {
		var b strings.Builder
		b.WriteString(s.space())
		b.WriteString(s.value(t, 0))
		b.WriteString(s.space())
		if text := strings.TrimSpace(b.String()); s.faults > 0 || text != "null" {
			return []byte(b.String())
		}
	}
}

func (s *speaker) wrong() bool { return s.faults > 0 && s.IntN(s.faults*4) == 0 }

// noisy returns text with a few bytes changed, or cut short.
func (s *speaker) noisy(text []byte) []byte {
	const bytes = "\x00\xff\"\\{}[],:0123-+.eEntf \nu\xc3a"
	for range s.IntN(3) {
		text[s.IntN(len(text))] = bytes[s.IntN(len(bytes))]
	}
	if s.IntN(3) == 0 {
		text = text[:s.IntN(len(text))]
	}
	return text
}

func (s *speaker) pick(forms ...string) string { return forms[s.IntN(len(forms))] }

// space returns white space, mostly none.
func (s *speaker) space() string {
	if s.wrong() {
		return s.pick("\f", ",", ":", "/**/", "\u00a0", "]", "}", "\x00", `"`, "1", "\ufeff")
	}
	return s.pick("", "", "", "", "", " ", "\t", "\n", "\r", "  \r\n\t ")
}

func (s *speaker) value(t reflect.Type, depth int) string {
	if s.wrong() {
		return s.pick("nul", "tru", "True", "'a'", `"a`, "[", "{", "-", "+1", ".5", "01", "1.", "1e", "0x1", "null", "true", "1", `""`, "[]", "{}",
			"1.0", "1e2", "1e999", "300", "-1", "99999999999999999999", "18446744073709551616", `"\ud800"`, `"\x"`, "\"\xff\"", "\"\x01\"", `"nul"`,
			`"2026-01-02T3:04:05Z"`, `"2026-01-02T03:04:05,5Z"`, `"2026-01-02T03:04:05+24:00"`, `"2026-01-02T03:04:05+23:60"`, `"AA="`, `"AA\n=="`, `"AA=="`, `"1"`, `"01"`, `"1 "`)
	}
	if strings.HasPrefix(t.String(), "codec.Optional[") {
		if s.IntN(4) == 0 {
			return "null"
		}
		inner := reflect.New(t).MethodByName("Target").Call(nil)[0].Elem().Type().Elem()
		return s.value(inner, depth)
	}
	nilable := t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map
	if (nilable || s.nulls && depth > 0) && s.IntN(8) == 0 {
		return "null"
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return s.string(s.time())
	case reflect.TypeFor[time.Duration]():
		return s.string(s.pick("1h", "-1.5s", "0", "3µs", "9ns", "1h2m3.004s"))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.value(t.Elem(), depth)
	case reflect.Struct:
		return s.object(s.members(t, depth))
	case reflect.Map:
		return s.object(s.entries(t, depth))
	case reflect.Slice, reflect.Array:
		return s.list(t, depth)
	case reflect.Bool:
		return s.pick("true", "false")
	case reflect.String:
		return s.string(s.word())
	}
	return s.number(t)
}

func (s *speaker) time() string {
	return s.pick("2026-01-02T03:04:05Z", "0000-01-01T00:00:00Z", "2024-02-29T23:59:59.999999999+23:59", "1999-12-31T00:00:00.5-00:30")
}

// word returns a text for a string: short and long, with and without what has escapes.
func (s *speaker) word() string {
	var b strings.Builder
	for range s.IntN(4) {
		b.WriteString(s.pick("a", "plain", "eight by", "quote\"", "back\\slash", "/", "\b\f\n\r\t", "\x00\x1f\x7f", "é", "日本", "\U0001f600", "null", strings.Repeat("long ", 60)))
	}
	return b.String()
}

// string returns text as a JSON string: each character by itself, or in one of its escapes.
func (s *speaker) string(text string) string {
	var b strings.Builder
	verbatim := s.IntN(2) == 0
	for _, r := range text {
		must := r < ' ' || r == '"' || r == '\\'
		short := strings.IndexRune("\"\\/\b\f\n\r\t", r)
		switch {
		case !must && (verbatim || s.IntN(4) > 0):
			b.WriteRune(r)
		case short >= 0 && s.IntN(2) == 0:
			b.WriteString(`\` + `"\/bfnrt`[short:short+1])
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, s.pick(`\u%04x`, `\u%04X`), unit)
			}
		}
	}
	return `"` + b.String() + `"`
}

// number returns a number in the range of t, which is a kind of number.
func (s *speaker) number(t reflect.Type) string {
	if k := t.Kind(); k == reflect.Float32 || k == reflect.Float64 {
		return s.pick("0", "-0", "-0.0", "1", "12.25", "1e5", "1E+05", "-2.5e-3", "0.1", "0e0", "123456789012345678901234567890", "1e-400", "3.4028234e38",
			strconv.FormatFloat(float64(float32(s.NormFloat64())), byte('e'+s.IntN(3)), -1, 32))
	}
	if k := t.Kind(); k >= reflect.Uint && k <= reflect.Uint64 {
		return strconv.FormatUint(s.Uint64()>>(64-t.Bits())>>s.IntN(t.Bits()), 10)
	}
	if s.IntN(20) == 0 {
		return "-0"
	}
	return strconv.FormatInt(int64(s.Uint64())>>(64-t.Bits())>>s.IntN(t.Bits()), 10)
}

func (s *speaker) list(t reflect.Type, depth int) string {
	n := s.IntN(5)
	if depth > 4 {
		n = s.IntN(2)
	}
	if t.Kind() == reflect.Array {
		n = t.Len()
	}
	if s.wrong() {
		n++
	}
	if t.Elem() == reflect.TypeFor[byte]() {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(s.Uint32())
		}
		return `"` + base64.StdEncoding.EncodeToString(b) + `"`
	}
	items := make([]string, n)
	for i := range items {
		items[i] = s.value(t.Elem(), depth+1)
	}
	return s.join("[", items, "]")
}

// members returns members of a struct: some of them, mostly in their order.
func (s *speaker) members(t reflect.Type, depth int) [][2]string {
	var list [][2]string
	s.fields(t, func(f reflect.StructField, name string) {
		if f.Tag.Get("required") != "true" && s.IntN(4) == 0 || s.wrong() {
			return
		}
		value := s.value(f.Type, depth+1)
		if strings.Contains(f.Tag.Get("json"), ",string") && value != "null" && !strings.HasPrefix(value, `"`) {
			value = `"` + value + `"`
		}
		list = append(list, [2]string{name, value})
		if s.more && s.IntN(4) == 0 {
			list = append(list, [2]string{"more " + strconv.Itoa(len(list)), s.unknown()})
		}
		if s.wrong() {
			list = append(list, [2]string{s.pick(name, strings.ToUpper(name), "unknown"), value})
		}
	})
	if s.IntN(2) == 0 {
		s.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return list
}

// unknown returns the value of a member that no type has.
func (s *speaker) unknown() string {
	return s.pick("null", "1e999", s.string(s.word()), s.join("[", []string{"true", "-0.5"}, "]"),
		s.object([][2]string{{"x", "[]"}, {"y", s.object([][2]string{{"x", "false"}})}}))
}

// fields visits the members of a struct, with those of embedded ones.
func (s *speaker) fields(t reflect.Type, visit func(f reflect.StructField, name string)) {
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case tag == ",embed" || f.Anonymous && name == "":
			s.fields(f.Type, visit)
		case !f.IsExported() || tag == "-":
		case name == "":
			visit(f, f.Name)
		default:
			visit(f, name)
		}
	}
}

func (s *speaker) entries(t reflect.Type, depth int) [][2]string {
	var list [][2]string
	for i := range s.IntN(4) {
		name := s.word() + strconv.Itoa(i)
		if s.wrong() {
			name = "again"
		}
		list = append(list, [2]string{name, s.value(t.Elem(), depth+1)})
	}
	return list
}

// object writes names as most peers do: without escapes that JSON does not need.
func (s *speaker) object(members [][2]string) string {
	parts := make([]string, len(members))
	for i, m := range members {
		name, _ := jsontext.AppendQuote(nil, m[0])
		parts[i] = string(name) + s.space() + ":" + s.space() + m[1]
	}
	return s.join("{", parts, "}")
}

func (s *speaker) join(opening string, parts []string, closing string) string {
	return opening + s.space() + strings.Join(parts, s.space()+","+s.space()) + s.space() + closing
}
