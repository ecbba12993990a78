package codec_test

import (
	"encoding/xml"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

type (
	// ownElement writes itself in XML.
	ownElement struct{ F func() }
	// knot embeds itself by a pointer.
	knot struct{ *knot }
	// loop has a member of its own type, which is a tree of elements.
	loop struct {
		Next *loop `xml:"next"`
	}
	rooted struct {
		XMLName xml.Name `xml:"root"`
		N       int
	}
	notLiteral[T any] struct{ N T }
)

func (ownElement) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement("own", start)
}

func TestXMLFormless(t *testing.T) {
	t.Parallel()
	type bad struct {
		F      func()
		C      []chan int
		M      **map[string]int
		A      [2]int
		I      any
		Nested struct{ X complex64 }
		O      codec.Optional[chan bool]
		R      int `required:"true"`
	}
	twice := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int](), Tag: `xml:"x"`}, {Name: "B", Type: reflect.TypeFor[int](), Tag: `xml:"x"`},
	})
	tests := map[string]struct {
		typ  reflect.Type
		want []string
	}{
		"kinds": {reflect.TypeFor[bad](), []string{
			"bad.F: a func has no form in XML", "bad.C: a chan has no form", "bad.M: a map has no form", "bad.A: a array has no form",
			"bad.I: a interface has no form", "bad.Nested.X: a complex64 has no form", "bad.O: a chan has no form",
			"bad.R: a member that is required has no form in XML",
		}},
		"in itself":    {reflect.TypeFor[knot](), []string{"knot: a struct that embeds itself has no form in XML"}},
		"no name":      {reflect.TypeFor[struct{ N int }](), []string{"it has no name for the root element"}},
		"no name here": {reflect.TypeFor[[]rooted](), []string{"it has no name for the root element"}},
	}
	for name, tt := range tests {
		_, err := codec.XML().Compile(tt.typ, codec.Options{})
		require.Error(t, err, name)
		require.Len(t, strings.Split(err.Error(), "\n"), len(tt.want), "%s: %v", name, err)
		for _, want := range tt.want {
			require.ErrorContains(t, err, want, name)
		}
	}
	_, err := codec.XML().Compile(twice, codec.Options{Shadows: reflect.TypeFor[note]()})
	require.ErrorContains(t, err, `field "A" with tag "x" conflicts with field "B" with tag "x"`)
	_, err = codec.XML().Compile(reflect.TypeFor[struct{ N int }](), codec.Options{Shadows: reflect.TypeFor[ownElement]()})
	require.ErrorContains(t, err, "codec_test.ownElement: it has a form of its own in XML")
}

func TestXMLForms(t *testing.T) {
	t.Parallel()
	type skipping struct {
		F func() `xml:"-"`
		f func()
		N int
	}
	type base struct{ B int }
	type embeds struct {
		base
		*rooted
		Own  ownElement
		Loop loop
		O    codec.Optional[int]
		T    **string
	}
	n := 5
	tests := map[string]struct {
		v    any // a pointer
		as   reflect.Type
		want string
	}{
		"skipping":       {&skipping{f: func() {}, N: 1}, nil, `<skipping><N>1</N></skipping>`},
		"embedded":       {&embeds{base: base{1}, rooted: &rooted{N: 2}}, nil, `<root><B>1</B><N>2</N><Own>own</Own><Loop></Loop></root>`},
		"its own":        {&ownElement{}, nil, `<ownElement>own</ownElement>`},
		"a root":         {&rooted{N: 3}, nil, `<root><N>3</N></root>`},
		"a pointer":      {new(&n), nil, `<int>5</int>`},
		"generic":        {&notLiteral[int]{4}, nil, `<notLiteral><N>4</N></notLiteral>`},
		"a shadow":       {&struct{ N int }{6}, reflect.TypeFor[notLiteral[int]](), `<notLiteral><N>6</N></notLiteral>`},
		"a rooted shade": {&rooted{N: 7}, reflect.TypeFor[note](), `<root><N>7</N></root>`},
	}
	for name, tt := range tests {
		f, err := codec.XML().Compile(reflect.TypeOf(tt.v).Elem(), codec.Options{Shadows: tt.as})
		require.NoError(t, err, name)
		text, err := f.Append([]byte("x"), tt.v)
		require.NoError(t, err, name)
		require.Equal(t, "x"+xml.Header+tt.want, string(text), name)
	}
	text, err := codec.XML().Append([]byte("x"), new((*note)(nil)))
	require.Error(t, err, "nil is no element")
	require.Equal(t, "x", string(text))
}
