package server_test

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/server"
)

const free = "127.0.0.1:0"

// A journal notes what happens, with the time since it was made.
type journal struct {
	start time.Time
	mu    sync.Mutex // guards lines
	lines []string
}

func newJournal() *journal { return &journal{start: time.Now()} }

func (j *journal) note(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, strconv.Itoa(int(time.Since(j.start).Seconds()))+" "+what)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines
}

// quiet is an option of servers whose log nobody reads.
func quiet() server.Option { return server.Log(slog.New(slog.DiscardHandler)) }

// A behaviour is what a func does when its time has come.
type behaviour func(ctx context.Context) error

func well(context.Context) error         { return nil }
func hangs(context.Context) error        { select {} }
func panics(context.Context) error       { panic("boom") }
func exits(context.Context) error        { runtime.Goexit(); return nil }
func untilEnd(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }

// A part is a Part that notes what is asked of it.
type part struct {
	*journal
	drain           behaviour
	draining, ended chan struct{}
	once            sync.Once
}

func newPart(j *journal, drain behaviour) *part {
	return &part{journal: j, drain: drain, draining: make(chan struct{}), ended: make(chan struct{})}
}

func (p *part) Serve(l net.Listener) error {
	if l != nil {
		defer func() { _ = l.Close() }()
	}
	<-p.ended
	return nil
}

func (p *part) SetReady(ready bool) { p.note("part ready " + strconv.FormatBool(ready)) }

func (p *part) Draining() {
	p.note("part draining")
	close(p.draining)
}

func (p *part) Drain(ctx context.Context) error {
	p.note("part drain")
	err := p.drain(ctx)
	p.once.Do(func() { close(p.ended) })
	return err
}

func (p *part) Close() error {
	p.note("part close")
	p.once.Do(func() { close(p.ended) })
	return nil
}

// A registrar registers until the context ends, and then does what it does.
type registrar struct {
	*journal
	after behaviour
	in    discover.Instance
}

func (r *registrar) Register(ctx context.Context, in discover.Instance) error {
	r.in = in
	r.note("register")
	<-ctx.Done()
	r.note("deregister")
	return r.after(context.WithoutCancel(ctx))
}

// noting notes what it is before it behaves.
func noting(j *journal, what string, b behaviour) behaviour {
	return func(ctx context.Context) error {
		j.note(what)
		return b(ctx)
	}
}

// running runs the server in the background, until stop, which returns the error of Run.
func running(t *testing.T, s *server.Server) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// announcements read the lines of Announce.
type announcements struct{ lines chan string }

func newAnnouncements() *announcements { return &announcements{make(chan string, 10)} }

func (a *announcements) Write(p []byte) (int, error) {
	a.lines <- string(p)
	return len(p), nil
}

// addr returns the address of a listener, once the server has bound it. Addresses come in
// the order of the listeners.
func (a *announcements) addr(t *testing.T, name string) string {
	t.Helper()
	got, addr, _ := strings.Cut(strings.TrimSpace(<-a.lines), " on ")
	require.Equal(t, name, got)
	return addr
}
