package codec

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
)

// A span is a part of a JSON text.
type span struct{ start, end int64 }

// spoil notes that a value cannot be read, and with it those within it. start is the end of
// what is before the value.
func (x *explainer) spoil(start, end int64) {
	for n := len(x.spoilt); n > 0 && x.spoilt[n-1].end > start; n-- {
		x.spoilt = x.spoilt[:n-1]
	}
	x.spoilt = append(x.spoilt, span{start, end})
}

// readRest reads a text with faults into the value that v points to: null stands for each
// value that cannot be read. It reports whether all others were.
func (x *explainer) readRest(src []byte, v any) bool {
	for _, f := range x.found {
		if f.Pointer == "" {
			return false
		}
	}
	text := make([]byte, 0, len(src))
	at := int64(0)
	for _, s := range x.spoilt {
		value := src[s.start:s.end]
		trimmed := bytes.TrimLeft(value, " \t\r\n:,")
		text = append(text, src[at:s.end-int64(len(trimmed))]...)
		text = append(text, nullToken...)
		at = s.end
	}
	text = append(text, src[at:]...)
	return json.Unmarshal(text, v, json.JoinOptions(x.opts, json.RejectUnknownMembers(false), jsontext.AllowDuplicateNames(true))) == nil
}
