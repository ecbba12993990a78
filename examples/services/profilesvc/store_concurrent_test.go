package profilesvc_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// TestConcurrent has many clients at one profile: one of them creates it, and
// nothing that any of them adds is lost.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, http.NewServeMux()))
	const clients = 32
	var created atomic.Int32
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			ctx, id := t.Context(), fmt.Sprint(i)
			switch _, err := c.Post(ctx, profilesvc.Profile{ID: "1"}); {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, profilesvc.ErrAlreadyExists):
				t.Error("post:", err)
			}
			_, err := c.PostAddress(ctx, profilesvc.PostAddressRequest{ID: "1", Address: profilesvc.Address{ID: id}})
			assert.NoError(t, err)
			_, err = c.Patch(ctx, profilesvc.PatchRequest{ID: "1", Patch: profilesvc.Patch{Name: codec.Some(id)}})
			assert.NoError(t, err)
			_, err = c.PostAddress(ctx, profilesvc.PostAddressRequest{ID: "1", Address: profilesvc.Address{ID: "too much " + id}})
			assert.NoError(t, err)
			_, err = c.DeleteAddress(ctx, profilesvc.ByAddressID{ID: "1", AddressID: "too much " + id})
			assert.NoError(t, err)
			_, err = c.Get(ctx, profilesvc.ByID{ID: "1"})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, created.Load())
	p := succeed(t, c.Get, profilesvc.ByID{ID: "1"}).Profile
	require.NotEmpty(t, p.Name)
	ids := map[string]bool{}
	for _, a := range p.Addresses {
		ids[a.ID] = true
	}
	require.Len(t, p.Addresses, clients)
	for i := range clients {
		require.True(t, ids[fmt.Sprint(i)], "address %d is lost", i)
	}
}
