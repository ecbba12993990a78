package thriftx

import (
	"math"
	"reflect"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
)

// A Protocol is how messages are written. Both ends must use the same.
type Protocol int

// The protocols. Binary is the default, and what every library speaks.
const (
	// Binary is TBinaryProtocol. Old messages without a version are also read.
	Binary Protocol = iota
	// Compact is TCompactProtocol.
	Compact
	// JSON is TJSONProtocol. TSimpleJSONProtocol is not among the protocols, because no
	// library of Thrift can read what it writes.
	JSON
	// Header is THeader: binary in frames with metadata, which carry deadlines as well.
	// A server answers frames of binary and compact without metadata in kind, and
	// compact with metadata. Compression is refused.
	Header
)

var protocols = map[Protocol]string{Binary: "binary", Compact: "compact", JSON: "JSON", Header: "header"}

// String returns the name of p, such as "binary".
func (p Protocol) String() string {
	if name, ok := protocols[p]; ok {
		return name
	}
	return "unknown"
}

// dialect is a protocol, with or without frames.
type dialect struct {
	protocol Protocol
	framed   bool
}

// open returns a protocol for one message over t.
func (d dialect) open(t thrift.TTransport, limit int) thrift.TProtocol {
	if d.protocol == Header { // whose limit is without metadata
		limit = min(limit, math.MaxInt32-maxMetadata) + maxMetadata
	}
	conf := &thrift.TConfiguration{
		MaxMessageSize: int32(limit), //nolint:gosec // MaxMessage checks it
		MaxFrameSize:   int32(limit), //nolint:gosec // MaxMessage checks it
	}
	switch d.protocol {
	case Compact:
		return thrift.NewTCompactProtocolConf(t, conf)
	case JSON:
		return thrift.NewTJSONProtocol(t)
	case Header:
		return thrift.NewTHeaderProtocolConf(t, conf)
	default:
		return thrift.NewTBinaryProtocolConf(t, conf)
	}
}

func isStream(t reflect.Type) bool {
	_, ok := endpoint.StreamItem(t)
	return ok
}
