package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/typedkit/endpoint/internal/backoff"
)

// requestTime is how long a request waits for a session.
const requestTime = 2 * time.Second

var (
	errLost = errors.New("zookeeper: the connection is lost")
	errNone = errors.New("zookeeper: there was no connection yet")
)

// A link has a session with ZooKeeper from open to close, and another one when that is lost.
type link struct {
	registry *Registry
	inbox    *inbox // of the watches, nil if there are none
	cancel   context.CancelFunc
	running  sync.WaitGroup
	requests sync.WaitGroup // of the zk.Conn, which ends them

	mu      sync.Mutex // guards the fields below
	now     *standing
	failure error // the last one to connect
}

// A standing is a time during which requests can be made, or cannot.
type standing struct {
	conn  *zk.Conn      // nil if they cannot
	ended chan struct{} // closed with the end of that time
}

// open returns a link that begins to connect. With an inbox for watches it has another session
// after each connection that breaks; without one, the session is resumed. See decision 187.
func (r *Registry) open(inbox *inbox) *link {
	ctx, cancel := context.WithCancel(context.Background())
	l := &link{registry: r, inbox: inbox, cancel: cancel, now: &standing{ended: make(chan struct{})}, failure: errNone}
	l.running.Go(func() { l.run(ctx) })
	return l
}

// close ends the session, which deletes its nodes, and waits for the goroutines. That takes a
// second at most.
func (l *link) close() {
	l.cancel()
	l.running.Wait()
	l.requests.Wait()
}

// run has one session after the other.
func (l *link) run(ctx context.Context) {
	var retry backoff.Backoff
	for ctx.Err() == nil {
		begun := time.Now()
		err := l.session(ctx)
		if ctx.Err() != nil {
			return
		}
		l.fail(err)
		if time.Since(begun) > requestTime {
			retry.Reset()
		}
		retry.Wait(ctx)
	}
}

// gain makes requests possible.
func (l *link) gain(conn *zk.Conn) { l.change(conn) }

// lose makes requests impossible.
func (l *link) lose() { l.change(nil) }

func (l *link) change(conn *zk.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now.conn == nil && conn == nil {
		return
	}
	close(l.now.ended)
	l.now = &standing{conn: conn, ended: make(chan struct{})}
}

// fail records the error that prevents a session.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure = err
}

// connected waits until requests can be made.
func (l *link) connected(ctx context.Context) (*standing, error) {
	timer := time.NewTimer(requestTime)
	defer timer.Stop()
	for {
		l.mu.Lock()
		now, failure := l.now, l.failure
		l.mu.Unlock()
		if now.conn != nil {
			return now, nil
		}
		select {
		case <-now.ended:
		case <-timer.C:
			return nil, fmt.Errorf("zookeeper: no session for %v: %w", requestTime, failure)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ask makes a request. It returns when there is an answer, when the connection is lost or when
// ctx ends. In the last two cases the request may still be carried out, and released is called
// when that is over. A zk.Conn ends its requests at the latest when it is closed.
func (l *link) ask[T any](ctx context.Context, now *standing, request func(conn *zk.Conn) (T, error), released func()) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	l.requests.Go(func() {
		value, err := request(now.conn)
		if released != nil {
			released()
		}
		answers <- answer{value, err}
	})
	var none T
	select {
	case a := <-answers:
		return a.value, a.err
	case <-now.ended:
		return none, errLost
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
