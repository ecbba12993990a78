package codec_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

type note struct {
	Title string `xml:"title"`
	Lines []int  `xml:"line"`
}

func TestXMLFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":    {``, "not valid XML"},
		"broken":   {"<note>\n<title>", "not valid XML in line 2"},
		"entity":   {`<!DOCTYPE x [<!ENTITY a "b">]><note><title>&a;</title></note>`, "not valid XML in line 1"},
		"number":   {`<note><line>x</line></note>`, "not valid XML"},
		"trailing": {`<note></note><note></note>`, "there is more after the root element"},
		"text":     {`<note></note>x`, "there is more after the root element"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := note{Title: "before"}
			err := codec.XML().Decode([]byte(tt.text), &v)
			require.ErrorIs(t, err, codec.ErrInvalid)
			require.Equal(t, []endpoint.Violation{{Detail: tt.want}}, endpoint.ErrorOf(err).Violations())
			require.Equal(t, note{Title: "before"}, v, "a failed Decode changed the value")
		})
	}
	var v note
	require.NoError(t, codec.XML().Decode([]byte("<note></note>\n<!-- end -->\n"), &v))
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<note><title>x</title><line>1</line></note>`))
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, w note
		if codec.XML().Decode(src, &v) != nil {
			return
		}
		text, err := codec.XML().Append(nil, &v)
		if err != nil {
			t.Fatalf("Append of what %q gave: %v", src, err)
		}
		if err := codec.XML().Decode(text, &w); err != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%q gave %+v, encoded %q gave %+v, %v", src, v, text, w, err)
		}
	})
}
