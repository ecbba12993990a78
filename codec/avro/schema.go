package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/twmb/avro"
)

// SchemaOf returns the schema that is made of type T, as JSON, for a registry of schemas or
// for [Reads] of a later version. The value is not used.
//
// A struct is a record with the name of the type and without a namespace. Its fields are
// those of embedded structs as well. A pointer is a union with null, which is its default:
// a field of a pointer type may be added to a record later. Integers of up to 32 bits that
// have a sign, and shorter ones, are int; others are long. A time.Time is a long with the
// logical type timestamp-micros, []byte is bytes, an array of bytes is fixed, and a type
// with methods MarshalText and UnmarshalText is a string. Maps have keys that are strings.
//
// The error names each part of T that has no form, such as an interface, two types of one
// name, and a tag avro with options, which need a given schema.
func SchemaOf[T any](_ T) (string, error) {
	t := reflect.TypeFor[T]()
	s, err := inferred(t, nameOf(t))
	if err != nil {
		return "", err
	}
	return s.String(), nil
}

// Fingerprint returns the CRC-64-AVRO of a schema in JSON, by which a message names the
// schema that it was written with. Two schemas that differ only in documentation, defaults
// and the like have the same one.
func Fingerprint(schema string) (uint64, error) {
	s, err := avro.Parse(schema)
	if err != nil {
		return 0, fmt.Errorf("avro: %w", err)
	}
	return binary.BigEndian.Uint64(s.Fingerprint(avro.NewRabin())), nil
}

// printOf returns the fingerprint of a schema as the header of a message has it.
func printOf(s *avro.Schema) fingerprint {
	var p fingerprint
	binary.LittleEndian.PutUint64(p[:], binary.BigEndian.Uint64(s.Fingerprint(avro.NewRabin())))
	return p
}

// text returns a fingerprint in hexadecimal digits.
func text(p fingerprint) string { return fmt.Sprintf("%016x", binary.LittleEndian.Uint64(p[:])) }

// inferred returns the schema of a type, whose record has a name.
func inferred(t reflect.Type, name string) (*avro.Schema, error) {
	in := &inference{names: map[string]reflect.Type{}}
	node := in.node(t, name, name)
	if len(in.faults) > 0 {
		return nil, errors.Join(in.faults...)
	}
	s, err := node.Schema()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return s, nil
}
