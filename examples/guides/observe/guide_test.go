package observeguide

import (
	"bytes"
	"context"
	"expvar"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
)

// safe is a buffer for a log that several goroutines write.
type safe struct {
	mu  sync.Mutex // guards the field below
	buf bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// program is the service of the guide as it runs.
type program struct {
	*parts
	log    *safe
	url    string
	statsd net.PacketConn
}

func start(t *testing.T, level slog.Level) *program {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	log := &safe{}
	p := newParts(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level})), new(expvar.Map), conn.LocalAddr().String())
	p.watch()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	h, err := newHandler(p, traced(p.logger, &Accounts{Login: login}))
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &program{parts: p, log: log, url: server.URL, statsd: conn}
}

func (p *program) body(t *testing.T, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(answer)
}

type once struct{}

func (once) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}
func (once) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// TestLog has a client and a server whose logs share a request id, and no secret
// in either.
func TestLog(t *testing.T) {
	t.Parallel()
	p := start(t, slog.LevelDebug)
	c, err := dial(p.url, p.parts, once{})
	require.NoError(t, err)
	s, err := c.Login(t.Context(), Login{User: "ann", Password: "correct horse", Device: "phone-7"})
	require.NoError(t, err)
	require.Equal(t, "battery staple", s.Token)
	_, err = c.Login(t.Context(), Login{User: "ann", Password: "wrong horse"})
	require.ErrorIs(t, err, ErrDenied)

	log := p.log.String()
	require.Contains(t, log, "msg=values")
	require.Contains(t, log, `[REDACTED]`)
	require.Contains(t, log, "endpoint.operation=Accounts.Login transport=http side=server http.request.method=POST http.route=/login")
	require.Contains(t, log, "endpoint.error=accounts/DENIED")
	require.Contains(t, log, "msg=attempt")
	require.Contains(t, log, "request_id=")
	for _, secret := range []string{"horse", "staple", "phone-7"} {
		require.NotContains(t, log, secret)
	}
}

// TestSecretsInProblems has requests that cannot be decoded: neither the answer
// nor the log has what was sent.
func TestSecretsInProblems(t *testing.T) {
	t.Parallel()
	p := start(t, slog.LevelDebug)
	for _, body := range []string{
		`{"user":"ann","password":["hunter2"]}`,
		`{"user":"ann","password":"hunter2","password":"hunter2"}`,
		`{"user":"ann","password":"hunter2`,
		`{"user":7,"password":"hunter2"}`,
		`hunter2`,
		`{"user":"ann","password":"hunter2"}`,
		`{"user":"broken","password":"hunter2"}`,
	} {
		answer := p.body(t, "POST", "/login", body)
		require.Contains(t, answer, `"status":`, "a problem is the answer to %s", body)
		require.NotContains(t, answer, "hunter2")
	}
	require.Contains(t, p.log.String(), "the database is down")
	require.NotContains(t, p.log.String(), "hunter2")
	require.Contains(t, p.log.String(), "rpc.response.status_code=INVALID_ARGUMENT")
}

// TestFigures has the objective, the health page and the packets of statsd.
func TestFigures(t *testing.T) {
	t.Parallel()
	p := start(t, slog.LevelInfo)
	require.Equal(t, "[]", p.body(t, "GET", "/healthz", ""))
	for range 3 {
		p.body(t, "POST", "/login", `{"user":"ann","password":"correct horse"}`)
	}
	p.body(t, "POST", "/login", `{"user":"broken","password":"correct horse"}`)
	require.Contains(t, p.body(t, "GET", "/healthz", ""), `"operation":"Login"`)
	require.Equal(t, "0.75", p.slo.Metadata()["sli.Accounts.Login.availability"])
	require.Contains(t, p.body(t, "GET", "/debug/vars", ""), "memstats")

	packet, all := make([]byte, 65536), ""
	require.NoError(t, p.statsd.SetReadDeadline(time.Now().Add(time.Minute)))
	for !strings.Contains(all, "endpoint.slo.burn_rate:") {
		n, _, err := p.statsd.ReadFrom(packet)
		require.NoError(t, err)
		all += string(packet[:n])
	}
	require.Contains(t, all, "endpoint.server.calls:")
	require.Contains(t, all, "|c|#service:accounts,operation:Accounts.Login,transport:http,code:OK")
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	log := &safe{}
	logger := observe.NewLogger(slog.New(slog.NewTextHandler(log, nil)), observe.Levels(quiet))
	e := endpoint.Chain(login, logger.Wrap)
	_, err := e(t.Context(), Login{Password: "correct horse"})
	require.NoError(t, err)
	require.Empty(t, log.String())
	_, err = e(t.Context(), Login{})
	require.ErrorIs(t, err, ErrDenied)
	require.Contains(t, log.String(), "endpoint.error=accounts/DENIED")
	require.NotNil(t, listening(logger))
}

// TestAttrs has an attribute of the program's own in the record of a call.
func TestAttrs(t *testing.T) {
	t.Parallel()
	log := &safe{}
	mux := http.NewServeMux()
	a := &Accounts{Login: func(context.Context, Login) (Session, error) { return Session{}, nil }}
	require.NoError(t, httpx.Mount(mux, a, httpx.Use(newLogger(slog.New(slog.NewTextHandler(log, nil))))))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", strings.NewReader(`{"user":"ann","password":"x"}`))
	r.Header.Set("X-Tenant", "acme")
	mux.ServeHTTP(httptest.NewRecorder(), r)
	require.Contains(t, log.String(), " tenant=acme")
}

// TestFaults has what is wrong with a part reported where it is mounted.
func TestFaults(t *testing.T) {
	t.Parallel()
	_, err := newHandler(newParts(nil, nil, "nowhere"), &Accounts{Login: login})
	require.ErrorContains(t, err, "observe: NewLogger: the slog.Logger is nil")
	require.ErrorContains(t, err, "observe: NewExpvar: the map is nil")
	require.ErrorContains(t, err, "observe: NewStatsD: address nowhere: missing port")
	require.Error(t, httpx.Client(httpx.To("http://localhost"), new(Accounts), httpx.Use(observe.New())))
}
