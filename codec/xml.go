package codec

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/scalar"
)

// XML returns the format of application/xml, by the rules and the tags of
// encoding/xml: the root element has the name of XMLName, else that of the type.
// It is strict, has no entities but XML's own five, and refuses what follows the
// root element. Unknown elements are ignored, as encoding/xml has no way to
// refuse them. An [Optional] that is absent is no element; null has no form.
func XML() Compiler { return xmlFormat{} }

// xmlFormat has the name of the root element, or "" for that of encoding/xml.
type xmlFormat struct{ root string }

// Compile returns the format for values of type t. Its error joins a fault for
// each kind in t without a form in XML, which are those of JSON, maps, arrays
// and interfaces; for a type that has no name for a root element; and for
// members tagged required, because encoding/xml does not tell an element that
// is absent from an empty one.
func (xmlFormat) Compile(t reflect.Type, opts Options) (Format, error) {
	s := xmlSurvey{seen: map[reflect.Type]bool{}}
	f := xmlFormat{}
	if own := opts.Shadows; own != nil {
		f.root, _, _ = strings.Cut(own.Name(), "[") // as encoding/xml cuts type arguments
		if hasOwnXML(own) {
			s.fault(own.String(), "it has a form of its own in XML, which would be of all its fields")
		}
	}
	switch root := indirect(t); {
	case hasOwnXML(root):
	case namesRoot(root, map[reflect.Type]bool{}):
		f.root = ""
	case root.Name() == "" && f.root == "":
		s.fault(t.String(), "it has no name for the root element; give it a type or a field XMLName")
	}
	s.visit(t, t.String())
	return f, errors.Join(s.faults...)
}

func (xmlFormat) MediaType() string { return "application/xml" }

func (f xmlFormat) Append(dst []byte, v any) ([]byte, error) {
	var text bytes.Buffer
	enc := xml.NewEncoder(&text)
	var err error
	if f.root == "" {
		err = enc.Encode(v)
	} else {
		err = enc.EncodeElement(v, xml.StartElement{Name: xml.Name{Local: f.root}})
	}
	switch {
	case err != nil:
		return dst, err
	case text.Len() == 0:
		return dst, errNull
	}
	return append(append(dst, xml.Header...), text.Bytes()...), nil
}

func (xmlFormat) Decode(src []byte, v any) error {
	// A failure leaves nothing of what was read before it.
	fresh := reflect.New(reflect.TypeOf(v).Elem())
	fresh.Elem().Set(reflect.ValueOf(v).Elem())
	dec := xml.NewDecoder(bytes.NewReader(src))
	if err := dec.Decode(fresh.Interface()); err != nil {
		detail := cmp.Or(scalar.Reason(nil, err), "not valid XML")
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			detail += " in line " + strconv.Itoa(syntax.Line)
		}
		return invalid(detail, err)
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
			return invalid("there is more after the root element", err)
		}
	}
}

func invalid(detail string, cause error) error {
	v := endpoint.Violation{Detail: detail}
	return ErrInvalid.WithViolations(v).WithCause(mark.Unshown(cause))
}
