package codec_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/codec"
)

// line is a row of a list as services answer it.
type line struct {
	ID       int64  `json:"id"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Cents    int64  `json:"cents"`
	Paid     bool   `json:"paid"`
	Note     string `json:"note"`
}

type page struct {
	User  string `json:"user"`
	Lines []line `json:"lines"`
}

type shop struct {
	Name  string           `json:"name"`
	Pages []page           `json:"pages,omitempty"`
	Best  *page            `json:"best,omitzero"`
	Grid  [2][2]float64    `json:"grid"`
	Sub   struct{ L line } `json:"sub"`
}

// messages are what the benchmarks and the counts of allocations encode.
func messages() map[string]any {
	ten := page{User: "u-1001"}
	for i := range int64(10) {
		ten.Lines = append(ten.Lines, line{700_001 + i, "SKU-1000", int(i), 199 + 350*i, i%3 > 0, "leave at the door"})
	}
	return map[string]any{
		"list":   &ten,
		"text":   &page{"u-2002", []line{{ID: 1, Note: strings.Repeat("Please leave it at the door. ", 30)}}},
		"accent": &page{"u-3003", []line{{ID: 1, Note: strings.Repeat("Bitte vor die Tür, danke schön. ", 30)}}},
		"nested": &shop{"S", []page{ten, ten}, &ten, [2][2]float64{{1.5, 2}, {0.1, 1e30}}, struct{ L line }{ten.Lines[0]}},
	}
}

// BenchmarkEncode has what a type is compiled to beside json/v2.
func BenchmarkEncode(b *testing.B) {
	for name, v := range messages() {
		formats := map[string]codec.Format{
			"encoder": compiled(b, reflect.TypeOf(v).Elem()),
			"json v2": codec.JSON(),
		}
		for by, f := range formats {
			b.Run(name+"/"+by, func(b *testing.B) {
				b.ReportAllocs()
				var buf []byte
				for b.Loop() {
					buf, _ = f.Append(buf[:0], v)
				}
				b.SetBytes(int64(len(buf)))
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compiled(b, reflect.TypeFor[shop]())
	}
}
