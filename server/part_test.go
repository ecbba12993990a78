package server_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

// servedOn notes which listener a part gets.
type servedOn struct {
	*part
	got chan net.Listener
}

func (p *servedOn) Serve(l net.Listener) error {
	p.got <- l
	return p.part.Serve(l)
}

// TestJoin runs a part without an address.
func TestJoin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		j := newJournal()
		p := &servedOn{newPart(j, well), make(chan net.Listener, 1)}
		s := server.New("rooms", quiet(), server.Announce(&out))
		s.Add(server.Join("broker", p))
		stop := running(t, s)
		if l := <-p.got; l != nil { // not even a nil pointer
			t.Errorf("the listener is %T", l)
		}
		synctest.Wait()
		require.Equal(t, server.StateRunning, s.State())
		require.NoError(t, stop())
		require.Empty(t, out.String(), "there is no address to announce")
		require.Equal(t, []string{"0 part ready true", "0 part ready false", "0 part draining", "0 part drain", "0 part close"}, j.all())
	})
}

// TestJoinBesideFaultyAddress has a part without an address beside one that is taken.
func TestJoinBesideFaultyAddress(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", free)
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	j := newJournal()
	s := server.New("rooms", quiet())
	s.Add(server.Join("broker", newPart(j, well)), server.HTTP(l.Addr().String(), http.NotFoundHandler()))
	require.ErrorContains(t, s.Run(t.Context()), "address already in use")
	require.Empty(t, j.all(), "nothing was started")
}

// TestJoinFaults has everything wrong that can be.
func TestJoinFaults(t *testing.T) {
	t.Parallel()
	s := server.New("rooms", quiet())
	s.Add(server.Join("", (*part)(nil)), server.Join("broker", newPart(newJournal(), well)), server.Join("broker", newPart(newJournal(), well)))
	require.EqualError(t, s.Err(), strings.TrimSpace(`
server: Join: the name is empty
server: the listener "": the part is nil
server: two listeners have the name broker`))
}
