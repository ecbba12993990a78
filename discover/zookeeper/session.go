package zookeeper

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// giveUp is how long servers may refuse to resume a session.
const giveUp = 800 * time.Millisecond

// errRefused is the end of a session that servers do not resume: none of them has a quorum, or
// they have lost their data.
var errRefused = errors.New("zookeeper: no server resumes the session")

// A session is one zk.Conn, which resumes its session by itself when a connection breaks. It is
// closed when the session cannot or should not be resumed: a zk.Conn that has seen data which
// the servers have lost is refused for ever, and one with watches may miss changes. See
// decision 187.
type session struct {
	link   *link
	dialer *dialer
	conn   *zk.Conn
	signal chan struct{} // has a value when the fields below have changed

	mu           sync.Mutex // guards the fields below
	resumed      int        // how often there was a session
	present      bool       // there is one
	asked        bool       // a server is asked for it
	refusedSince time.Time  // zero if it is not
	over         error
}

// session has a session until ctx ends or the session does. Its error says why.
func (l *link) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &session{link: l, signal: make(chan struct{}, 1)}
	s.dialer = &dialer{ctx: ctx, dialTCP: l.registry.config.dial, failed: l.fail}
	conn, events, err := zk.Connect(l.registry.servers, l.registry.config.ttl,
		zk.WithDialer(s.dialer.dial), zk.WithHostProvider(s.dialer), zk.WithEventCallback(s.note),
		zk.WithLogger(silent{}), zk.WithLogInfo(false), zk.WithMaxBufferSize(maxMessage))
	if err != nil {
		return wrap("session", err)
	}
	s.conn = conn
	err = s.follow(ctx)
	cancel()
	s.close(events)
	return err
}

// close ends the session, and waits for the goroutines of the zk.Conn, but not for its Close,
// which waits for an answer for a second even if nothing is connected.
func (s *session) close(events <-chan zk.Event) {
	s.mu.Lock()
	present := s.present
	s.mu.Unlock()
	s.link.lose()
	closed := make(chan struct{})
	s.link.requests.Go(func() {
		defer close(closed)
		s.conn.Close()
	})
	if present {
		<-closed
	}
	s.dialer.close()
	for range events {
	}
}

// follow publishes the session each time it is there.
func (s *session) follow(ctx context.Context) error {
	published := 0
	for {
		select {
		case <-s.signal:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.mu.Lock()
		present, resumed, over := s.present, s.resumed, s.over
		s.mu.Unlock()
		if over != nil {
			return over
		}
		if !present || resumed == published {
			continue
		}
		if published == 0 {
			if err := s.authenticate(ctx); err != nil {
				return err
			}
		}
		s.publish(resumed)
		published = resumed
	}
}

// authenticate sends the credentials. A zk.Conn sends them again when it resumes the session.
func (s *session) authenticate(ctx context.Context) error {
	for _, c := range s.link.registry.config.auth {
		done := make(chan error, 1)
		s.link.requests.Go(func() { done <- s.conn.AddAuth(c.scheme, c.auth) })
		select {
		case err := <-done:
			if err != nil {
				return wrap("credentials of the scheme "+c.scheme, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// publish makes the session usable, unless it is gone again.
func (s *session) publish(resumed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present && s.resumed == resumed {
		s.link.gain(s.conn)
	}
}

// note is called by the goroutines of the zk.Conn with each event, in their order.
func (s *session) note(e zk.Event) {
	if e.Type != zk.EventSession {
		if s.link.inbox != nil {
			s.link.inbox.put(e)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.State {
	case zk.StateConnected:
		s.asked = true
	case zk.StateHasSession:
		s.asked, s.present, s.refusedSince = false, true, time.Time{}
		s.resumed++
	case zk.StateExpired:
		s.asked = false
		s.over = zk.ErrSessionExpired
	case zk.StateDisconnected:
		if s.present {
			s.link.lose()
			if s.link.inbox != nil {
				s.over = errLost
			}
		}
		s.present = false
		s.refused()
	default:
		return
	}
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// refused notes that a connection has ended without a session, if it has.
func (s *session) refused() {
	if !s.asked {
		return
	}
	s.asked = false
	if s.refusedSince.IsZero() {
		s.refusedSince = time.Now()
	}
	if s.resumed > 0 && time.Since(s.refusedSince) > giveUp {
		s.over = errRefused
	}
}

// silent is a zk.Logger that logs nothing: events and Watch tell of errors.
type silent struct{}

// Printf drops a message.
func (silent) Printf(string, ...any) {}
