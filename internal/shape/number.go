package shape

import (
	"encoding/json"
	"reflect"
)

// NumberType is json.Number: a number as its text. No other name of encoding/json is
// used. See decision 156.
var NumberType = reflect.TypeFor[json.Number]()

// Number returns the JSON number of a text as a json.Number.
func Number(text string) any { return json.Number(text) }
