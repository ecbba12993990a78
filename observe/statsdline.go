package observe

import (
	"strconv"

	"github.com/typedkit/endpoint"
)

// name appends the name of a figure of calls and the colon; code is below 0
// where there is none. See decision 75.
func (s *StatsD) name(b []byte, f *figures, code endpoint.Code, metric string) []byte {
	b = append(b, s.config.prefix...)
	b = append(b, f.key.sideName()...)
	if s.config.plain {
		for _, part := range []string{f.key.transport, f.key.service, f.key.name} {
			if part != "" {
				b = appendClean(append(b, '.'), part, false)
			}
		}
		if code >= 0 {
			b = append(append(b, '.'), code.String()...)
		}
	}
	b = append(append(b, '.'), metric...)
	return append(b, ':')
}

// tags appends the tags of a figure of calls.
func (s *StatsD) tags(b []byte, f *figures, code endpoint.Code) []byte {
	if s.config.plain {
		return b
	}
	l := tagList{b: b}
	l.constant(s.config.tags)
	l.tag("operation", f.operation)
	l.tag("transport", f.key.transport)
	if code >= 0 {
		l.tag("code", code.String())
	}
	return l.b
}

// labels are those of an event or a gauge.
type labels struct {
	name, detail string
	op           *endpoint.Operation
}

// line appends a line of an event or a gauge.
func (s *StatsD) line(b []byte, source, metric string, l labels, value float64, kind string) []byte {
	b = append(b, s.config.prefix...)
	b = append(appendClean(b, source, false), '.')
	if s.config.plain {
		for _, part := range []string{l.name, operationLabel(l.op), l.detail} {
			if part != "" {
				b = append(appendClean(b, part, false), '.')
			}
		}
	}
	b = append(appendClean(b, metric, false), ':')
	b = strconv.AppendFloat(b, value, 'f', -1, 64)
	b = append(b, kind...)
	if s.config.plain {
		return b
	}
	t := tagList{b: b}
	t.constant(s.config.tags)
	t.tag("name", l.name)
	t.tag("operation", operationLabel(l.op))
	t.tag("detail", l.detail)
	return t.b
}

func operationLabel(op *endpoint.Operation) string {
	if op == nil {
		return ""
	}
	return operationName(op)
}

// tagList appends tags.
type tagList struct {
	b    []byte
	some bool
}

func (l *tagList) next() {
	if l.some {
		l.b = append(l.b, ',')
		return
	}
	l.b, l.some = append(l.b, "|#"...), true
}

func (l *tagList) constant(tags string) {
	if tags != "" {
		l.next()
		l.b = append(l.b, tags...)
	}
}

func (l *tagList) tag(key, value string) {
	if value != "" {
		l.next()
		l.b = append(append(l.b, key...), ':')
		l.b = appendClean(l.b, value, true)
	}
}

func clean(s string, dots bool) string { return string(appendClean(nil, s, dots)) }

// appendClean appends s with all that could end a name, a tag or a line replaced
// by "_", and not more than maxTag bytes of it.
func appendClean(b []byte, s string, dots bool) []byte {
	for _, c := range []byte(s[:min(len(s), maxTag)]) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '/':
		case c == '.' && dots:
		default:
			c = '_'
		}
		b = append(b, c)
	}
	return b
}
