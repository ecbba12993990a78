package bookings

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// A Store has the rooms and the bookings. Several servers may share one, as they would a
// database.
type Store struct {
	mu       sync.Mutex // guards the fields below
	rooms    map[string]Room
	bookings []Booking
	more     chan struct{} // closed with the next booking
}

// NewStore returns an empty Store.
func NewStore() *Store {
	return &Store{rooms: map[string]Room{}, more: make(chan struct{})}
}

// New returns the service of a store.
func New(store *Store) *Rooms {
	return &Rooms{
		List:   store.list,
		Get:    store.get,
		Put:    store.put,
		Change: store.change,
		Delete: store.remove,
		Book:   store.book,
		Feed: func(ctx context.Context, f Feed) (endpoint.Stream[Booking], error) {
			return store.feed(ctx, f.After), nil
		},
	}
}

func (s *Store) list(_ context.Context, l List) (Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := Found{Lang: l.Lang}
	for _, r := range s.rooms {
		wanted := (l.Kind == nil || r.Kind == *l.Kind) && r.Seats >= l.Seats
		if wanted && (l.Free.IsZero() || !s.taken(r.Name, l.Free, 1)) {
			found.Rooms = append(found.Rooms, r)
		}
	}
	slices.SortFunc(found.Rooms, func(a, b Room) int { return a.Seats - b.Seats })
	found.Rooms = found.Rooms[:min(l.Limit, len(found.Rooms))]
	return found, nil
}

func (s *Store) get(_ context.Context, b ByName) (Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rooms[b.Name]
	if !ok {
		return Room{}, ErrNoRoom
	}
	return r, nil
}

func (s *Store) put(_ context.Context, p Put) (Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := http.StatusOK
	if _, ok := s.rooms[p.Name]; !ok {
		status = http.StatusCreated
	}
	s.rooms[p.Name] = p.Room
	return Stored{status, p.Room}, nil
}

func (s *Store) change(_ context.Context, c Change) (Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rooms[c.Name]
	if !ok {
		return Room{}, ErrNoRoom
	}
	c.Kind.Apply(&r.Kind)
	c.Seats.Apply(&r.Seats)
	c.Note.Apply(&r.Note)
	s.rooms[c.Name] = r
	return r, nil
}

func (s *Store) remove(_ context.Context, b ByName) (endpoint.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.rooms[b.Name]; !ok {
		return endpoint.Empty{}, ErrNoRoom
	}
	delete(s.rooms, b.Name)
	return endpoint.Empty{}, nil
}

func (s *Store) book(_ context.Context, b Book) (Booking, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, ok := s.rooms[b.Name]; {
	case !ok:
		return Booking{}, ErrNoRoom
	case s.taken(b.Name, b.Start, b.Length):
		return Booking{}, ErrTaken
	}
	booking := Booking{int64(len(s.bookings)) + 1, b.Name, b.Start, b.Length}
	s.bookings = append(s.bookings, booking)
	close(s.more)
	s.more = make(chan struct{})
	return booking, nil
}

// taken reports whether the room has a booking within length from start.
func (s *Store) taken(room string, start time.Time, length time.Duration) bool {
	return slices.ContainsFunc(s.bookings, func(b Booking) bool {
		return b.Room == room && b.Start.Before(start.Add(length)) && start.Before(b.Start.Add(b.Length))
	})
}

// after returns the bookings after an id, and a channel that is closed with the next one.
func (s *Store) after(id int64) ([]Booking, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id = min(max(id, 0), int64(len(s.bookings)))
	return slices.Clone(s.bookings[id:]), s.more
}

func (s *Store) feed(ctx context.Context, id int64) endpoint.Stream[Booking] {
	return func(yield func(Booking, error) bool) {
		for {
			bookings, more := s.after(id)
			for _, b := range bookings {
				if !yield(b, nil) {
					return
				}
				id = b.ID
			}
			select {
			case <-more:
			case <-ctx.Done(): // the reader has gone, or the server stops and says so
				return
			}
		}
	}
}
