package codec

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strconv"

	"github.com/typedkit/endpoint"
)

// XML returns the format of application/xml, by the rules and the tags of
// encoding/xml. It is strict, has no entities but XML's own five, and refuses
// what follows the root element. Unknown elements are ignored, as encoding/xml
// has no way to refuse them.
func XML() Format { return xmlFormat{} }

type xmlFormat struct{}

func (xmlFormat) MediaType() string { return "application/xml" }

func (xmlFormat) Append(dst []byte, v any) ([]byte, error) {
	text, err := xml.Marshal(v)
	if err != nil {
		return dst, err
	}
	return append(append(dst, xml.Header...), text...), nil
}

func (xmlFormat) Decode(src []byte, v any) error {
	// A failure leaves nothing of what was read before it.
	fresh := reflect.New(reflect.TypeOf(v).Elem())
	fresh.Elem().Set(reflect.ValueOf(v).Elem())
	dec := xml.NewDecoder(bytes.NewReader(src))
	if err := dec.Decode(fresh.Interface()); err != nil {
		detail := "not valid XML"
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			detail += " in line " + strconv.Itoa(syntax.Line)
		}
		return ErrInvalid.WithViolations(endpoint.Violation{Detail: detail}).WithCause(err)
	}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			reflect.ValueOf(v).Elem().Set(fresh.Elem())
			return nil
		}
		text, isText := tok.(xml.CharData)
		_, isComment := tok.(xml.Comment)
		if err != nil || !isComment && (!isText || len(bytes.TrimSpace(text)) > 0) {
			return ErrInvalid.WithViolations(endpoint.Violation{Detail: "there is more after the root element"}).WithCause(err)
		}
	}
}
