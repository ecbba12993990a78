// Package scalar turns single values into texts and back: parameters of a
// request, fields of a form, defaults in tags.
package scalar

import (
	"cmp"
	"encoding"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Scalar turns one kind of value into a text and back.
type Scalar struct {
	// Parse sets v from s; the result says what is wrong with s, without
	// repeating it, or is "".
	Parse func(v reflect.Value, s string) string
	// Format returns the text of v, which must be addressable. Its error is one
	// of a value that has no text, such as an infinity.
	Format func(v reflect.Value) (string, error)
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()

	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// Of returns the text form of values of type t; ok is false for a kind
// without one.
func Of(t reflect.Type) (s Scalar, ok bool) {
	switch {
	case t == durationType:
		return Scalar{parseDuration, formatDuration}, true
	case t == timeType:
		return Scalar{parseTime, formatTime}, true
	case reflect.PointerTo(t).Implements(textUnmarshaler) && reflect.PointerTo(t).Implements(textMarshaler):
		return Scalar{parseText, formatText}, true
	}
	switch t.Kind() {
	case reflect.String:
		return Scalar{parseString, formatString}, true
	case reflect.Bool:
		return Scalar{parseBool, func(v reflect.Value) (string, error) { return strconv.FormatBool(v.Bool()), nil }}, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Scalar{parseInt, func(v reflect.Value) (string, error) { return strconv.FormatInt(v.Int(), 10), nil }}, true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Scalar{parseUint, func(v reflect.Value) (string, error) { return strconv.FormatUint(v.Uint(), 10), nil }}, true
	case reflect.Float32, reflect.Float64:
		return Scalar{parseFloat, formatFloat}, true
	case reflect.Slice:
		if isByte(t.Elem()) {
			return Scalar{parseBytes, formatBytes}, true
		}
	}
	return Scalar{}, false
}

func isByte(t reflect.Type) bool { return t.Kind() == reflect.Uint8 && t.PkgPath() == "" }

func parseString(v reflect.Value, s string) string {
	if !utf8.ValidString(s) {
		return "not valid UTF-8"
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "has a zero byte"
	}
	v.SetString(s)
	return ""
}

func formatString(v reflect.Value) (string, error) {
	s := v.String()
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return "", errors.New("not valid UTF-8, or with a zero byte")
	}
	return s, nil
}

func parseBool(v reflect.Value, s string) string {
	switch s {
	case "true", "1":
		v.SetBool(true)
	case "false", "0":
		v.SetBool(false)
	default:
		return "must be true or false"
	}
	return ""
}

func parseInt(v reflect.Value, s string) string {
	n, err := strconv.ParseInt(s, 10, v.Type().Bits())
	if err != nil {
		return integerFault(err)
	}
	v.SetInt(n)
	return ""
}

func parseUint(v reflect.Value, s string) string {
	n, err := strconv.ParseUint(s, 10, v.Type().Bits())
	if err != nil {
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			return "out of range"
		}
		return integerFault(err)
	}
	v.SetUint(n)
	return ""
}

func integerFault(err error) string {
	if errors.Is(err, strconv.ErrRange) {
		return "out of range"
	}
	return "must be an integer"
}

// parseFloat takes decimal notation alone: strconv would also take hexadecimal,
// infinities and NaN.
func parseFloat(v reflect.Value, s string) string {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return "must be a number"
	}
	f, err := strconv.ParseFloat(s, v.Type().Bits())
	switch {
	case errors.Is(err, strconv.ErrRange):
		return "out of range"
	case err != nil:
		return "must be a number"
	}
	v.SetFloat(f)
	return ""
}

func formatFloat(v reflect.Value) (string, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "", errors.New("not a finite number")
	}
	return strconv.FormatFloat(f, 'g', -1, v.Type().Bits()), nil
}

func parseDuration(v reflect.Value, s string) string {
	d, err := time.ParseDuration(s)
	if err != nil {
		return "must be a duration such as 1.5s"
	}
	v.SetInt(int64(d))
	return ""
}

func formatDuration(v reflect.Value) (string, error) { return time.Duration(v.Int()).String(), nil }

func parseTime(v reflect.Value, s string) string {
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil || !isStrict(s) {
		return "must be a time as in RFC 3339"
	}
	v.Set(reflect.ValueOf(t))
	return ""
}

// isStrict finds in s, which was parsed, what package time lets pass against
// RFC 3339 §5.6: an hour of one digit, a comma before the fraction, an offset of
// a day or more. It says no less than encoding/json/v2 does of a member.
func isStrict(s string) bool {
	if s[len("2006-01-02T1")] == ':' || strings.Contains(s, ",") {
		return false
	}
	hours, minutes, ok := strings.Cut(s[len(s)-len("07:00"):], ":")
	return strings.HasSuffix(s, "Z") || ok && hours < "24" && minutes < "60"
}

func formatTime(v reflect.Value) (string, error) {
	b, err := v.Addr().Interface().(*time.Time).MarshalText()
	return string(b), err
}

func parseText(v reflect.Value, s string) string {
	if detail := parseString(reflect.ValueOf(new(string)).Elem(), s); detail != "" {
		return detail
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		return cmp.Or(Reason(v.Type(), err), "not valid")
	}
	return ""
}

func formatText(v reflect.Value) (string, error) {
	b, err := v.Addr().Interface().(encoding.TextMarshaler).MarshalText()
	return string(b), err
}

// parseBytes takes base64 in either alphabet, padded or not (RFC 4648).
func parseBytes(v reflect.Value, s string) string {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil {
		return "must be base64"
	}
	v.SetBytes(b)
	return ""
}

func formatBytes(v reflect.Value) (string, error) {
	return base64.RawURLEncoding.EncodeToString(v.Bytes()), nil
}

// Check parses a text once, at construction: that of a default tag.
func (s Scalar) Check(t reflect.Type, text string) error {
	if detail := s.Parse(reflect.New(t).Elem(), text); detail != "" {
		return fmt.Errorf("tag default %q: %s", text, detail)
	}
	return nil
}
