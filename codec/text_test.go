package codec_test

import (
	"bytes"
	"testing"

	"github.com/typedkit/endpoint/codec"
)

type celsius float64

func FuzzText(f *testing.F) {
	f.Add([]byte("1.5"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, w celsius
		if codec.Text().Decode(src, &v) != nil {
			return
		}
		text, err := codec.Text().Append(nil, &v)
		if err != nil {
			t.Fatalf("Append of what %q gave: %v", src, err)
		}
		if err := codec.Text().Decode(text, &w); err != nil || v != w {
			t.Fatalf("%q gave %v, encoded %q gave %v, %v", src, v, text, w, err)
		}
		if bytes.ContainsAny(src, "xXpPiInN_") {
			t.Fatalf("%q was read as the number %v", src, v)
		}
	})
}
