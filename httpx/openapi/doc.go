// Package openapi describes a service of httpx as a document of OpenAPI, 3.1 and 3.2, in JSON
// and YAML. Nothing is written by hand: the document is made of the routes of the service, its
// types and their tags, which also make the server and the client.
//
// A schema says what goes over the wire by the rules of encoding/json/v2. The tags of rules
// (minimum, maxLength and so on) are its keywords. Two more tags are for documents alone:
//
//   - doc is the description of a member or a parameter.
//   - example is an example of its value: a text as in a query, or JSON for a slice, a map or
//     a struct. One that is no value of the type, or breaks its rules, is a fault.
//
// A type that both requests and responses have may have two schemas, because a server sends
// all members but those that are omitted, and demands only those tagged required. That of
// requests is then named RoomInput beside Room. Types of one name have the name of their package
// in front of it.
package openapi
