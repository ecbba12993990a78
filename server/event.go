package server

import (
	"context"

	"github.com/typedkit/endpoint"
)

// Event takes an event of a policy, a pool or anything else: it writes it to the log, as
// observe.Logger does, and shows it on the admin page. It is meant for options such as
// OnEvent of the packages resilience and discover.
func (s *Server) Event(ctx context.Context, e endpoint.Event) {
	s.events.Add(ctx, e)
	s.logger.Event(ctx, e)
}

// emit tells of an event of the server itself.
func (s *Server) emit(kind, detail string, err error) {
	s.Event(context.Background(), endpoint.Event{Source: "server", Name: s.name, Kind: kind, Detail: detail, Err: err})
}
