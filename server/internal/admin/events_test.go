package admin_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/admin"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	call, _, err := endpoint.StartCall(t.Context(), getOp, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	long := strings.Repeat("x", 300)
	for name, tt := range map[string]struct {
		ctx   context.Context
		event endpoint.Event
		want  admin.Event
	}{
		"of a pool": {
			ctx:   t.Context(),
			event: endpoint.Event{Source: "pool", Name: "strings", Kind: "ejected", Detail: "10.0.0.1:80", Delay: time.Second},
			want:  admin.Event{Source: "pool", Name: "strings", Kind: "ejected", Detail: "10.0.0.1:80", Delay: 1},
		},
		"with an error": {
			ctx:   t.Context(),
			event: endpoint.Event{Source: "server", Kind: "failed", Detail: "a\n" + long, Err: errSecret},
			want:  admin.Event{Source: "server", Kind: "failed", Detail: "a " + long[:254], Error: "secret"},
		},
		"of a call": {
			ctx:   call,
			event: endpoint.Event{Source: "retry", Kind: "again", Operation: getOp, Err: errSecret},
			want:  admin.Event{Source: "retry", Kind: "again", Operation: "Profiles.Get", Error: "INTERNAL"},
		},
		"of a call with an identity": {
			ctx:   call,
			event: endpoint.Event{Source: "retry", Kind: "again", Operation: unroutedOp, Err: errMissing.With("secret")},
			want:  admin.Event{Source: "retry", Kind: "again", Operation: "unrouted", Error: "NOT_FOUND profiles/MISSING"},
		},
		"of an operation without a service": {
			ctx:   call,
			event: endpoint.Event{Source: "breaker", Kind: "opened", Operation: &endpoint.Operation{Name: "Ask"}},
			want:  admin.Event{Source: "breaker", Kind: "opened", Operation: "Ask"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var events admin.Events
			require.Empty(t, events.All())
			events.Add(tt.ctx, tt.event)
			got := events.All()
			require.Len(t, got, 1)
			require.WithinDuration(t, time.Now(), got[0].At, time.Minute)
			got[0].At = time.Time{}
			tt.want.Count = 1
			require.Equal(t, tt.want, got[0])
		})
	}
}

// TestEventsAreBounded has more events than are kept, and repeats that push out nothing.
func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var events admin.Events
		for n := range 150 {
			events.Add(t.Context(), endpoint.Event{Source: "pool", Detail: strconv.Itoa(n)})
			time.Sleep(time.Second)
		}
		for n := range 1000 {
			for _, op := range []*endpoint.Operation{getOp, askOp} {
				events.Add(t.Context(), endpoint.Event{Source: "breaker", Kind: "rejected", Operation: op, Delay: time.Duration(n)})
				time.Sleep(time.Second)
			}
		}
		got := events.All()
		require.Len(t, got, 100)
		for i, op := range []string{"Strings.Uppercase", "Profiles.Get"} {
			require.Equal(t, op, got[i].Operation)
			require.Equal(t, 1000, got[i].Count)
			require.Equal(t, time.Duration(i+1)*time.Second, time.Since(got[i].At))
		}
		for i, e := range got[2:] {
			require.Equal(t, strconv.Itoa(149-i), e.Detail)
			require.Equal(t, 1, e.Count)
		}
		time.Sleep(58 * time.Second) // a minute after the last of the one
		events.Add(t.Context(), endpoint.Event{Source: "breaker", Kind: "rejected", Operation: getOp})
		require.Equal(t, 1, events.All()[0].Count, "no repeat after a minute")
		events.Add(t.Context(), endpoint.Event{Source: "breaker", Kind: "rejected", Operation: askOp})
		require.Equal(t, 1001, events.All()[0].Count, "a repeat within a minute")
	})
}
