package openapi

import (
	"encoding/json/jsontext"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint/internal/jsonschema"
)

// toYAML returns the document as YAML 1.2 in block style. Texts are plain where every version
// of YAML reads them as texts, else in double quotes.
func toYAML(o *jsonschema.Object) []byte {
	var w yamlWriter
	w.object(o, 0)
	return w.b
}

type yamlWriter struct{ b []byte }

func (w *yamlWriter) indent(depth int) {
	for range depth {
		w.b = append(w.b, "  "...)
	}
}

func (w *yamlWriter) object(o *jsonschema.Object, depth int) {
	for i, m := range o.Members {
		if i > 0 || depth == 0 {
			w.indent(depth)
		}
		w.text(m.Key)
		w.b = append(w.b, ':')
		w.value(m.Value, depth)
	}
}

func (w *yamlWriter) array(items []any, depth int) {
	for _, item := range items {
		w.indent(depth)
		w.b = append(w.b, '-')
		switch v := item.(type) {
		case *jsonschema.Object:
			if len(v.Members) > 0 {
				w.b = append(w.b, ' ')
				w.object(v, depth+1)
				continue
			}
		}
		w.value(item, depth)
	}
}

// value writes what is behind a key or a dash, up to the end of the line or of the block.
func (w *yamlWriter) value(v any, depth int) {
	switch v := v.(type) {
	case *jsonschema.Object:
		if len(v.Members) > 0 {
			w.b = append(w.b, '\n')
			w.indent(depth + 1)
			w.object(v, depth+1)
			return
		}
		w.b = append(w.b, " {}"...)
	case []any:
		if len(v) > 0 {
			w.b = append(w.b, '\n')
			w.array(v, depth+1)
			return
		}
		w.b = append(w.b, " []"...)
	default:
		w.b = append(w.b, ' ')
		w.scalar(v)
	}
	w.b = append(w.b, '\n')
}

func (w *yamlWriter) scalar(v any) {
	switch v := v.(type) {
	case string:
		w.text(v)
	case *jsonschema.Component:
		w.text(v.Reference())
	case bool:
		w.b = strconv.AppendBool(w.b, v)
	case int:
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	case jsontext.Value:
		w.b = append(w.b, v...)
	case nil:
		w.b = append(w.b, "null"...)
	default:
		panic(fmt.Sprintf("openapi: a %T in a document", v))
	}
}

// plain matches texts that need no quotes, unless they are words of YAML 1.1.
var plain = regexp.MustCompile(`^[A-Za-z/$][A-Za-z0-9_./$+-]*( [A-Za-z0-9(][A-Za-z0-9_./$()+-]*)*$`)

func isWord(s string) bool {
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}

func (w *yamlWriter) text(s string) {
	if plain.MatchString(s) && !isWord(s) {
		w.b = append(w.b, s...)
		return
	}
	w.b = append(w.b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b = append(w.b, '\\', byte(r))
		case r == '\n':
			w.b = append(w.b, `\n`...)
		case r < ' ' || r >= 0x7f && r <= 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffe' || r == '\uffff':
			w.b = fmt.Appendf(w.b, `\u%04x`, r)
		default:
			w.b = append(w.b, string(r)...)
		}
	}
	w.b = append(w.b, '"')
}
