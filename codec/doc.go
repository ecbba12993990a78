// Package codec turns typed values into bytes and back.
//
// A [Codec] belongs to one type and is what a route takes; a [Format] serves
// every type and is what a whole service takes. [JSON] is the default of both,
// on encoding/json/v2.
//
// The package imports the standard library only.
package codec
