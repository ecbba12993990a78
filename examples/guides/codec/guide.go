// Package codecguide is the code of docs/codecs.md.
package codecguide

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/codec/msgpack"
	"github.com/typedkit/endpoint/codec/proto"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// snippet: types

// Reading is one value of a sensor. Its tags serve all formats.
type Reading struct {
	Sensor string                       `path:"sensor"` // no member of any body
	At     time.Time                    `json:"at"`
	Value  float64                      `json:"value" required:"true"`
	Raw    []byte                       `json:"raw,omitempty"`
	Note   codec.Optional[string]       `json:"note,omitzero"` // absent, null or a value
	Every  time.Duration                `json:"every,omitzero"`
	Levels map[int]codec.Optional[int8] `json:"levels,omitempty"`
}

// end snippet

// Stored says how many readings there are.
type Stored struct {
	N int `json:"n"`
}

// Sensors is the service.
type Sensors struct {
	Store endpoint.Endpoint[Reading, Stored]
}

// HTTP describes the service.
func (s *Sensors) HTTP(r *httpx.Routes) { r.POST("/sensors/{sensor}", &s.Store) }

// snippet: http

// mount serves the first format to clients that do not say, and each of them to
// those that do, by Content-Type and Accept.
func mount(mux *http.ServeMux, svc *Sensors) error {
	return httpx.Mount(mux, svc, httpx.Formats(
		codec.JSON(), cbor.Format(), msgpack.Format(),
		codec.As(msgpack.Format(), "application/x-msgpack"), // as older clients call it
	))
}

// dial returns a client that speaks CBOR.
func dial(url string) (Sensors, error) {
	var c Sensors
	err := httpx.Client(httpx.To(url), &c, httpx.Formats(cbor.Format()))
	return c, err
}

// end snippet

// Plain is a service of plain Go types over gRPC, without a .proto.
type Plain struct {
	Count endpoint.Endpoint[[]Stored, Stored]
}

// GRPC describes the service.
func (s *Plain) GRPC(m *grpcx.Methods) {
	m.Service("guide.Plain")
	m.Unary("Count", &s.Count)
}

// snippet: grpc

// register serves plain Go types over gRPC: "application/grpc+json",
// "application/grpc+cbor" and "application/grpc+msgpack".
func register(s grpc.ServiceRegistrar, svc *Plain) error {
	return grpcx.Register(s, svc, grpcx.Formats(codec.JSON(), cbor.Format(), msgpack.Format()))
}

// connect returns a client that speaks MessagePack.
func connect(conn grpc.ClientConnInterface) (Plain, error) {
	var c Plain
	err := grpcx.Client(grpcx.To(conn), &c, grpcx.Formats(msgpack.Format()))
	return c, err
}

// end snippet

// snippet: messages

// Names is a service of messages of protobuf.
type Names struct {
	Upper endpoint.Endpoint[*wrapperspb.StringValue, *wrapperspb.StringValue]
}

// HTTP describes the service.
func (s *Names) HTTP(r *httpx.Routes) { r.POST("/upper", &s.Upper) }

// mountNames serves messages over HTTP, as JSON and in the binary format.
func mountNames(mux *http.ServeMux) error {
	return httpx.Mount(mux, &Names{Upper: upper}, httpx.Formats(proto.JSON(), proto.Format()))
}

// end snippet

func upper(_ context.Context, s *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	return wrapperspb.String(strings.ToUpper(s.GetValue())), nil
}

// snippet: own

// A Color writes itself as a text in every format.
type Color struct{ R, G, B uint8 }

// MarshalText is for all formats.
func (c Color) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "#%02x%02x%02x", c.R, c.G, c.B), nil
}

// UnmarshalText is for all formats. The message of an *endpoint.Error is shown to the
// caller; the text of another error stays in the process.
func (c *Color) UnmarshalText(text []byte) error {
	if n, err := fmt.Sscanf(string(text), "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil || n != 3 || len(text) != 7 {
		return endpoint.Errorf(endpoint.InvalidArgument, "must be a color such as #1e90ff")
	}
	return nil
}

// end snippet
