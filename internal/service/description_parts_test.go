package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

// Parts of services that say facts.
type (
	reading struct{ Read call }
	writing struct{ Write call }

	both struct {
		reading
		writing
	} // neither method is promoted
	apart     struct{ Reading reading } // nor is this one
	embedding struct{ reading }         // this one is
	calling   struct {
		reading
		W *writing
	}
)

func (r *reading) Describe(f *endpoint.Facts) { f.Of(&r.Read, endpoint.Idempotent()) }
func (w *writing) Describe(f *endpoint.Facts) { f.Of(&w.Write, endpoint.Idempotent()) }

func (c *calling) Describe(f *endpoint.Facts) {
	c.reading.Describe(f)
	c.W.Describe(f)
}

// TestFactsOfParts has services whose parts say facts, which must not be lost.
func TestFactsOfParts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		service any
		want    []string
	}{
		"two embedded": {&both{}, []string{
			"pigeonx: both.reading: it has a method Describe, which nothing calls: give both one that calls it",
			"pigeonx: both.writing: it has a method Describe, which nothing calls: give both one that calls it",
		}},
		"a field":           {&apart{}, []string{"pigeonx: apart.Reading: it has a method Describe, which nothing calls: give apart one that calls it"}},
		"embedded alone":    {&embedding{}, nil},
		"called by a whole": {&calling{W: &writing{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := service.NewDescription(pigeons, endpoint.ServerSide)
			require.True(t, d.Walk(tt.service))
			require.Equal(t, tt.want, faultsOf(d))
		})
	}
}
