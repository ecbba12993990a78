package authguide

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestBrowser logs in, and calls with the cookie as a page does.
func TestBrowser(t *testing.T) {
	desk := &Desk{
		LogIn: func(context.Context, LogIn) (Session, error) { return Session{Key: "k1"}, nil },
		Note:  func(context.Context, Note) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		Notes: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[Note], error) {
			u, _ := Sessions.From(ctx)
			return endpoint.StreamOf(Note{"of " + u.ID}), nil
		},
	}
	h, err := browser(desk, func(_ context.Context, key string) (User, []string, error) {
		if key != "k1" {
			return User{}, nil, errors.New("no such session")
		}
		return User{ID: "ann"}, nil, nil
	})
	require.NoError(t, err)
	h = shared(h)
	ask := func(method, path, body string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	json := []string{"Content-Type", "application/json"}

	in := ask("POST", "/session", `{"Name":"ann","Password":"x"}`, json...)
	require.Equal(t, http.StatusOK, in.Code, in.Body)
	cookie := in.Header().Get("Set-Cookie")
	require.Contains(t, cookie, "HttpOnly")
	require.Contains(t, cookie, "SameSite=Lax")
	key, _, _ := strings.Cut(cookie, ";")

	require.Equal(t, 401, ask("POST", "/desk/notes", `{"Text":"a"}`, json...).Code)
	require.Equal(t, 200, ask("POST", "/desk/notes", `{"Text":"a"}`, append(json, "Cookie", key)...).Code)
	require.Equal(t, 403, ask("POST", "/desk/notes", `{"Text":"a"}`, append(json, "Cookie", key, "Sec-Fetch-Site", "cross-site")...).Code)

	stream := ask("GET", "/desk/notes", "", "Cookie", key, "Accept", "text/event-stream") // as EventSource does
	require.Contains(t, stream.Body.String(), `data: {"Text":"of ann"}`)

	before := ask("OPTIONS", "/desk/notes", "", "Origin", "https://desk.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
	require.Equal(t, "https://desk.example", before.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, before.Header().Get("Access-Control-Allow-Credentials"))
	require.Empty(t, ask("OPTIONS", "/desk/notes", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST").Header().Get("Access-Control-Allow-Origin"))
}
