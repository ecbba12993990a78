package avro_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/avro"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: formats

// A Booking is written with the schema that is made of the type.
type Booking struct {
	ID    string  `path:"id" avro:"-"`
	Room  string  `avro:"room"`
	Seats int     `avro:"seats"`
	Note  *string `avro:"note"` // was added later
}

// Bookings is the service.
type Bookings struct {
	Put endpoint.Endpoint[Booking, Receipt]
}

// HTTP describes it.
func (s *Bookings) HTTP(r *httpx.Routes) { r.PUT("/bookings/{id}", &s.Put) }

// A Receipt has a given schema.
type Receipt struct {
	Number int64 `avro:"number"`
}

const (
	receipt = `{"type":"record","name":"Receipt","namespace":"bookings","fields":[{"name":"number","type":"long"}]}`
	// bookingV1 is the schema of the clients that are still in use.
	bookingV1 = `{"type":"record","name":"Booking","fields":[
		{"name":"room","type":"string"},
		{"name":"seats","type":"long"}
	]}`
)

// formats are those of both ends: Avro, and JSON for others.
func formats() httpx.Option {
	return httpx.Formats(avro.Format(avro.Schema(Receipt{}, receipt), avro.Reads(Booking{}, bookingV1)), codec.JSON())
}

// end snippet

func put(_ context.Context, in Booking) (Receipt, error) {
	if in.Note != nil {
		return Receipt{int64(in.Seats)}, nil
	}
	return Receipt{int64(len(in.ID))}, nil
}

// The schema of a type, and its fingerprint, for a registry of schemas.
func ExampleSchemaOf() {
	schema, err := avro.SchemaOf(Receipt{})
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := avro.Fingerprint(schema)
	fmt.Println(schema)
	fmt.Printf("%016x %v\n", sum, err)
	// Output:
	// {"fields":[{"name":"number","type":"long"}],"name":"Receipt","type":"record"}
	// a212cc02049e5d89 <nil>
}

// OldBooking is Booking as older clients have it.
type OldBooking struct {
	ID    string `path:"id" avro:"-"`
	Room  string `avro:"room"`
	Seats int    `avro:"seats"`
}

// OldBookings is their service.
type OldBookings struct {
	Put endpoint.Endpoint[OldBooking, Receipt]
}

func (s *OldBookings) HTTP(r *httpx.Routes) { r.PUT("/bookings/{id}", &s.Put) }

// TestOldClient serves clients of two versions over HTTP, with a parameter in the path.
func TestOldClient(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Bookings{Put: put}, formats()))
	web := httptest.NewServer(mux)
	defer web.Close()
	to := httpx.To(web.URL)
	defer func() { _ = to.Close() }()

	var c Bookings
	require.NoError(t, httpx.Client(to, &c, formats()))
	note := "window"
	got, err := c.Put(t.Context(), Booking{ID: "b1", Room: "hall", Seats: 30, Note: &note})
	require.NoError(t, err)
	require.Equal(t, Receipt{30}, got)

	var old OldBookings
	require.NoError(t, httpx.Client(to, &old, httpx.Formats(avro.Format(avro.Schema(Receipt{}, receipt), avro.Schema(OldBooking{}, bookingV1)))))
	got, err = old.Put(t.Context(), OldBooking{ID: "b12", Room: "hall", Seats: 30})
	require.NoError(t, err)
	require.Equal(t, Receipt{3}, got)

	var stranger OldBookings
	require.NoError(t, httpx.Client(to, &stranger, httpx.Formats(avro.Format())))
	_, err = stranger.Put(t.Context(), OldBooking{ID: "b1"})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.Contains(t, endpoint.ErrorOf(err).Violations()[0].Detail, "which is not known")
}
