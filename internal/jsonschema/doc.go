// Package jsonschema makes the schemas of Go types for documents: JSON Schema 2020-12, by the
// rules by which json/v2 writes and reads values. Types with a name become components, which a
// document has below /components/schemas.
package jsonschema
