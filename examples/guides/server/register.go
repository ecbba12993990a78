package serverguide

import (
	"net/http"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/server"
)

// snippet: register

// addRooms registers the listener while the server is ready.
func addRooms(s *server.Server, h http.Handler, registrar discover.Registrar) {
	s.Add(server.HTTP(":8081", h, server.Register(registrar, server.As(discover.Instance{Zone: "eu-1a", Weight: 2}))))
}

// end snippet
