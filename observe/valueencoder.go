package observe

import (
	"log/slog"
	"reflect"
	"strings"
)

// valueEncoder writes JSON up to a limit. Past it, it only closes what is open.
type valueEncoder struct {
	out   []byte
	limit int
	depth int
}

func (e *valueEncoder) raw(s string)  { e.out = append(e.out, s...) }
func (e *valueEncoder) text(s string) { e.raw(quoted(clip(s, maxText))) }

func (e *valueEncoder) open(c byte) {
	e.out = append(e.out, c)
	e.depth++
}

func (e *valueEncoder) close(c byte) {
	e.out = append(e.out, c)
	e.depth--
}

// deeper runs write one level down, unless it is too deep.
func (e *valueEncoder) deeper(write func()) {
	if e.depth >= maxDepth {
		e.raw(leftOutText)
		return
	}
	e.depth++
	write()
	e.depth--
}

// member writes one member of what is open. It returns false when there is no
// room for more.
func (e *valueEncoder) member(name string, write func()) bool {
	if last := e.out[len(e.out)-1]; last != '{' && last != '[' {
		e.raw(",")
	}
	full := len(e.out) >= e.limit
	switch {
	case full && strings.HasSuffix(name, ":"):
		e.raw(quoted("…") + ":true")
	case full:
		e.raw(leftOutText)
	case e.depth > maxDepth:
		e.raw(name + leftOutText)
	default:
		e.raw(name)
		write()
	}
	return !full
}

func (e *valueEncoder) slogValue(v slog.Value) {
	switch v.Kind() {
	case slog.KindGroup:
		e.open('{')
		for _, a := range v.Group() {
			if !e.member(quoted(a.Key)+":", func() { e.slogValue(a.Value.Resolve()) }) {
				break
			}
		}
		e.close('}')
	case slog.KindAny:
		if v.Any() == nil {
			e.raw("null")
			return
		}
		value := reflect.ValueOf(v.Any())
		if value.Type().Implements(logValuer) {
			e.text("[" + value.Type().String() + "]") // Resolve gave up on it
			return
		}
		planOf(value.Type()).write(e, value)
	default:
		e.text(v.String())
	}
}
