package serverguide

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/server"
)

type registrar struct{}

func (registrar) Register(ctx context.Context, _ discover.Instance) error {
	<-ctx.Done()
	return nil
}

func TestRegister(t *testing.T) {
	t.Parallel()
	s := server.New("rooms")
	addRooms(s, http.NotFoundHandler(), registrar{})
	require.NoError(t, s.Err())
}
