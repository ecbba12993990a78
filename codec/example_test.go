package codec_test

import (
	"fmt"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

func ExampleJSON() {
	type Order struct {
		ID  int `json:"id"`
		Qty int `json:"qty" required:"true"`
	}
	var o Order
	// A format that is compiled for a type knows its required members.
	orders, _ := codec.Of[Order](codec.JSON(), codec.Options{})
	err := orders.Decode([]byte(`{"id":"seven","extra":true}`), &o)
	for _, v := range endpoint.ErrorOf(err).Violations() {
		fmt.Println(v.Pointer, v.Detail)
	}
	// Output:
	// /id must be a number
	// /extra unknown member
	// /qty missing
}
