package auth_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
)

// issuer gives out tokens "1", "2" and so on, each after a time.
type issuer struct {
	takes, lasts time.Duration
	err          error

	mu    sync.Mutex // guards the field below
	count int
}

func (i *issuer) fetch(ctx context.Context) (auth.Token, error) {
	i.mu.Lock()
	i.count++
	n, err := i.count, i.err
	i.mu.Unlock()
	wait := time.NewTimer(i.takes)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return auth.Token{}, ctx.Err()
	}
	return auth.Token{Value: string(rune('0' + n)), Expires: time.Now().Add(i.lasts)}, err
}

func (i *issuer) fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.count
}

// TestTokensTogether has many callers wait for one fetch.
func TestTokensTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{takes: time.Second, lasts: time.Hour}
		tokens := auth.NewTokens(i.fetch)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				token, err := tokens.Token(t.Context())
				require.NoError(t, err)
				require.Equal(t, "1", token.Value)
			})
		}
		_, err := tokens.Token(impatient)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		all.Wait()
		require.Equal(t, 1, i.fetched())
	})
}

// TestTokensAhead replaces a token in the background before it expires.
func TestTokensAhead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ lasts, ahead time.Duration }{
		"long":  {time.Hour, time.Minute},
		"short": {10 * time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				i := &issuer{takes: time.Second, lasts: tt.lasts}
				tokens := auth.NewTokens(i.fetch)
				get := func(want string) {
					t.Helper()
					began := time.Now()
					token, err := tokens.Token(t.Context())
					require.NoError(t, err)
					require.Equal(t, want, token.Value)
					if want == "1" && i.fetched() > 1 {
						require.Zero(t, time.Since(began), "a call waited for the next token")
					}
				}
				get("1")
				time.Sleep(tt.lasts - tt.ahead - 2*time.Second)
				get("1")
				synctest.Wait()
				require.Equal(t, 1, i.fetched())
				time.Sleep(2 * time.Second)
				get("1")
				synctest.Wait()
				require.Equal(t, 2, i.fetched())
				time.Sleep(time.Second)
				synctest.Wait()
				get("2")
				time.Sleep(2 * tt.lasts)
				get("3") // which all wait for
			})
		})
	}
}

// TestTokensFailed keeps a token while its issuer is down, and asks once a second.
func TestTokensFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := endpoint.Errorf(endpoint.Unavailable, "down")
		i := &issuer{lasts: time.Hour}
		tokens := auth.NewTokens(i.fetch)
		_, err := tokens.Token(t.Context())
		require.NoError(t, err)
		i.err = down
		time.Sleep(59*time.Minute + 30*time.Second)
		for range 10 {
			token, err := tokens.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "1", token.Value)
			synctest.Wait()
		}
		require.Equal(t, 2, i.fetched())
		time.Sleep(time.Minute)
		for range 10 {
			_, err = tokens.Token(t.Context())
			require.ErrorIs(t, err, down)
		}
		require.Equal(t, 3, i.fetched())
		i.err = nil
		time.Sleep(time.Second)
		_, err = tokens.Token(t.Context())
		require.NoError(t, err)
	})
}

// TestTokensBroken has fetches that return nothing of use, or do not return.
func TestTokensBroken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fetch func(ctx context.Context) (auth.Token, error)
		want  string
	}{
		"empty": {func(context.Context) (auth.Token, error) { return auth.Token{}, nil }, "is empty"},
		"expired": {func(context.Context) (auth.Token, error) {
			return auth.Token{Value: "a", Expires: time.Unix(1, 0)}, nil
		}, "expired at"},
		"panic": {func(context.Context) (auth.Token, error) { panic("broken") }, "broken"},
		"exit":  {func(context.Context) (auth.Token, error) { runtime.Goexit(); return auth.Token{}, nil }, "left its goroutine"},
		"hangs": {func(ctx context.Context) (auth.Token, error) { <-ctx.Done(); return auth.Token{}, ctx.Err() }, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, err := auth.NewTokens(tt.fetch).Token(t.Context())
				require.ErrorContains(t, err, tt.want)
			})
		})
	}
}

// TestTokensFaults constructs Tokens that have nothing to give.
func TestTokensFaults(t *testing.T) {
	t.Parallel()
	users := newUsers()
	for name, tokens := range map[string]*auth.Tokens{
		"nil": nil, "zero": {}, "no fetch": auth.NewTokens(nil), "an empty value": auth.Static(""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := endpoint.Stack{users.Send(tokens)}.Bind(&endpoint.Operation{Side: endpoint.ClientSide})
			require.ErrorContains(t, err, "auth: ")
		})
	}
	require.NoError(t, auth.Static("a").Err())
	require.NoError(t, auth.NewTokens((&issuer{}).fetch).Err())
}

var errIssuer = errors.New("the issuer is broken")
