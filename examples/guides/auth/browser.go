package authguide

import (
	"context"
	"net/http"
	"time"

	"github.com/rs/cors"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: sessions

// Sessions are those of a browser: the key of one is in a cookie.
var Sessions = &auth.APIKey[User]{Name: "sessions", Cookie: "session"}

// HTTP describes the service of a page.
func (d *Desk) HTTP(r *httpx.Routes) {
	r.POST("/session", &d.LogIn)
	in := r.Under("/desk", httpx.Requires(Sessions, Users)) // a browser, or a program
	in.POST("/notes", &d.Note)
	in.ServerStream("GET", "/notes", &d.Notes)
}

// Session is the response to a login. Its cookie is HttpOnly and SameSite=Lax.
type Session struct {
	Key string `cookie:"session"`
}

// end snippet

// snippet: browser

func browser(d *Desk, find func(ctx context.Context, key string) (User, []string, error)) (http.Handler, error) {
	mux := http.NewServeMux()
	err := httpx.Mount(mux, d, httpx.Use(Sessions.Verify(find), Users.Verify(verify)))
	protection := http.NewCrossOriginProtection()
	return protection.Handler(httpx.Problems(mux)), err
}

// end snippet

// snippet: cors

// shared lets the pages of another origin call with tokens, and without cookies.
func shared(h http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"https://desk.example"},
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Authorization", "Content-Type"},
		MaxAge:         int(time.Hour.Seconds()),
	}).Handler(h)
}

// end snippet

// LogIn is a request.
type LogIn struct {
	Name, Password string
}

// Note is a text.
type Note struct{ Text string }

// Desk is the service of a page.
type Desk struct {
	LogIn endpoint.Endpoint[LogIn, Session]
	Note  endpoint.Endpoint[Note, endpoint.Empty]
	Notes endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Note]]
}
