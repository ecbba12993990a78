package otelx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Accounts has a request and a response all of which is secret.
type Accounts struct {
	Login endpoint.Endpoint[Login, Session]
}

type Login struct {
	User     string `path:"user" log:"redact"`
	Page     int    `query:"page" log:"redact"`
	Device   string `header:"X-Device" log:"redact"`
	Password string `json:"password" log:"redact"`
	PIN      int    `json:"pin" log:"redact"`

	Born  time.Time  `json:"born,omitzero" log:"redact"`
	Addr  netip.Addr `json:"addr,omitzero" log:"redact"`
	Since time.Time  `query:"since" log:"redact"`
}

type Session struct {
	Token string `json:"token" log:"redact"`
}

var ErrDenied = endpoint.Define(endpoint.Unauthenticated, "accounts", "DENIED", "wrong user or password")

func (a *Accounts) HTTP(r *httpx.Routes) {
	r.POST("/login/{user}", &a.Login, httpx.Fails(ErrDenied))
}

// textOf is all that a span says.
func textOf(s sdktrace.ReadOnlySpan) string {
	return fmt.Sprint(s.Name(), s.Status(), s.Attributes(), s.Events(), s.Links(), s.Resource(), s.SpanContext().TraceState())
}

// TestSecrets has a server that logs even values, and requests that hold a
// secret wherever one can be, most of which fail: neither the log nor a span nor
// a problem has it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const word, number = "s3cret", "5318008"
	good := `{"password":"` + word + `","pin":` + number + `}`
	session := func() (Session, error) { return Session{word}, nil }
	for _, tt := range []struct {
		name   string
		query  string
		body   string
		login  func() (Session, error)
		status int
	}{
		{"success", "", good, session, 200},
		{"declared error", "", good, func() (Session, error) { return Session{word}, ErrDenied }, 401},
		{"error", "", good, func() (Session, error) { return Session{word}, errors.New("the database is down") }, 500},
		{"panic", "", good, func() (Session, error) { panic("boom") }, 500},
		{"text for a number", "", `{"pin":"` + word + `"}`, nil, 400},
		{"number for a text", "", `{"password":` + number + `}`, nil, 400},
		{"number out of range", "", `{"pin":` + strings.Repeat(number, 9) + `}`, nil, 400},
		{"number with a fraction", "", `{"pin":` + number + `.5}`, nil, 400},
		{"list for a text", "", `{"password":["` + word + `"]}`, nil, 400},
		{"twice", "", `{"password":"` + word + `","password":"` + word + `"}`, nil, 400},
		{"cut off", "", `{"password":"` + word, nil, 400},
		{"cut off in a number", "", `{"pin":` + number, nil, 400},
		{"invalid UTF-8", "", `{"password":"` + word + "\xff\"}", nil, 400},
		{"invalid escape", "", `{"password":"` + word + `\q"}`, nil, 400},
		{"more after the end", "", `{"password":"` + word + `"} ` + word, nil, 400},
		{"no time", "", `{"born":"` + word + `"}`, nil, 400},
		{"no address", "", `{"addr":"` + word + `"}`, nil, 400},
		{"no time in the query", "?since=" + word, good, nil, 400},
		{"no JSON", "", word, nil, 400},
		{"a text alone", "", `"` + word + `"`, nil, 400},
		{"text in the query", "?page=" + word, good, nil, 400},
		{"number out of range in the query", "?page=" + strings.Repeat(number, 9), good, nil, 400},
		{"malformed query", "?page=%zz" + word, good, nil, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, rec := record(t)
			var log bytes.Buffer
			logger := observe.NewLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			login := func(context.Context, Login) (Session, error) { return tt.login() }
			r := chi.NewRouter()
			require.NoError(t, httpx.Mount(r, &Accounts{endpoint.Chain(login, logger.Values().Wrap)},
				httpx.Use(observe.New(logger, otelx.NewTracer(provider)))))

			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login/"+word+tt.query, strings.NewReader(tt.body))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Device", word)
			req.Header.Set("Authorization", "Bearer "+word)
			req.Header.Set("Cookie", "session="+word)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			require.Equal(t, tt.status, w.Code, w.Body.String())

			told := log.String() + textOf(one(t, rec, "server", "POST /login/{user}"))
			if tt.status != 200 {
				told += w.Body.String() + fmt.Sprint(w.Header())
			}
			assert.Contains(t, told, "msg=call")
			assert.Equal(t, tt.login != nil, strings.Contains(told, "msg=values"))
			assert.NotContains(t, told, word)
			assert.NotContains(t, told, number)
		})
	}
}
