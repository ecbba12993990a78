package stringsvc

import (
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// snippet: proxying

// Proxying returns next with an Uppercase that other instances of the service answer, in
// turns. Their pool is part of s, which runs it until the calls in flight have ended, and
// shows it on an admin page.
func Proxying(s *server.Server, instances discover.Source, next *Strings) (*Strings, error) {
	pool := discover.New(httpx.Dialer(), discover.Balance(discover.RoundRobin()), discover.Named("strings"), discover.OnEvent(s.Event))
	named, events := resilience.Named("strings"), resilience.OnEvent(s.Event)

	// Outside the retry, the breaker judges what becomes of calls: an instance that
	// is gone fails none, and its probe looks for one that is back.
	breaker := resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5), named, events)
	retry := resilience.NewRetry(3, named, events)
	limiter := resilience.NewLimiter(1000, 1000, named, events)
	timeout := resilience.NewTimeout(250 * time.Millisecond) // of each attempt

	var far Strings
	err := httpx.Client(pool, &far, httpx.Use(s, breaker, retry, limiter, timeout))
	s.Add(server.Follow(pool, instances), server.Watch(breaker, retry, limiter))
	return &Strings{Uppercase: far.Uppercase, Count: next.Count}, err
}

// end snippet
