package codec_test

import (
	"reflect"
	"testing"

	"github.com/typedkit/endpoint/codec"
)

// BenchmarkDecode has readers that are compiled for a type beside json/v2.
func BenchmarkDecode(b *testing.B) {
	values := messages()
	values["small"] = &struct {
		S string `json:"s"`
	}{"hello"}
	for name, v := range values {
		f := compiled(b, reflect.TypeOf(v).Elem())
		text, err := f.Append(nil, v)
		if err != nil {
			b.Fatal(err)
		}
		for by, f := range map[string]codec.Format{"readers": f, "json v2": codec.WithoutReader(f)} {
			b.Run(name+"/"+by, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					v := reflect.New(reflect.TypeOf(v).Elem()).Interface()
					if err := f.Decode(text, v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
