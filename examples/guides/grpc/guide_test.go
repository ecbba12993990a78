package grpcguide

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/internal/echopb"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

func newJournal() *Journal {
	return &Journal{
		Write: func(_ context.Context, e Entry) (Entry, error) {
			if e.Text == "" {
				return Entry{}, ErrFull
			}
			return e, nil
		},
		Find: find,
		Follow: func(ctx context.Context, from Entry) (endpoint.Stream[Entry], error) {
			return func(yield func(Entry, error) bool) {
				for id := from.ID; ; id++ {
					if !yield(Entry{ID: id}, ctx.Err()) || ctx.Err() != nil {
						return
					}
				}
			}, nil
		},
		Import: func(_ context.Context, entries endpoint.Stream[Entry]) (Entry, error) {
			all, err := entries.Collect()
			return Entry{ID: int64(len(all))}, err
		},
		Edit: func(_ context.Context, entries endpoint.Stream[Entry]) (endpoint.Stream[Entry], error) {
			return entries, nil
		},
	}
}

func TestGuide(t *testing.T) {
	t.Parallel()
	var rec endpointtest.Recorder
	lines, quiet := programtest.NewAnnouncements(), slog.New(slog.DiscardHandler)
	s := server.New("journal", server.Log(quiet), server.Announce(lines))
	require.NoError(t, addJournal(s, "127.0.0.1:0", newJournal(), quiet, rec.Layer("a")))
	programtest.RunServer(t, s)
	c, conn, err := connect(lines.Addr(t, "gRPC"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })

	ctx := t.Context()
	got, err := c.Write(ctx, Entry{Text: "a", ID: 1})
	require.NoError(t, err)
	require.Equal(t, Entry{"a", 1}, got)
	_, err = c.Write(ctx, Entry{})
	require.ErrorIs(t, err, ErrFull)
	version, err := ask(ctx, c)
	require.NoError(t, err)
	require.Equal(t, []string{"7"}, version)
	last, err := follow(ctx, c)
	require.NoError(t, err)
	require.Equal(t, Entry{ID: 3}, last)
	sum, err := c.Import(ctx, endpoint.StreamOf(Entry{}, Entry{}))
	require.NoError(t, err)
	require.EqualValues(t, 2, sum.ID)
	edits, err := c.Edit(ctx, endpoint.StreamOf(Entry{ID: 5}))
	require.NoError(t, err)
	all, err := edits.Collect()
	require.NoError(t, err)
	require.Equal(t, []Entry{{ID: 5}}, all)

	note, err := echopb.NewEchoClient(conn).Say(ctx, &echopb.Note{Text: "from generated code"})
	require.NoError(t, err)
	require.Equal(t, "from generated code", note.GetText())
	require.Contains(t, rec.Lines(), "enter a")
	require.NoError(t, formats(grpc.NewServer(), newJournal()))
}
