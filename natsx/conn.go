package natsx

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
)

// A Conn is one connection to NATS as the target of a client: what [To] returns. It is
// safe for concurrent use.
type Conn struct{ conn *nats.Conn }

// To returns the target of a client whose calls all go to conn, which stays the caller's
// to close. NATS itself spreads requests over the servers of a subject. A nil conn is an
// error of [Client].
func To(conn *nats.Conn) *Conn { return &Conn{conn} }

// Err returns what is wrong with the argument of [To], or nil. A nil Conn is a fault.
func (c *Conn) Err() error {
	if c == nil || c.conn == nil {
		return errors.New("natsx: To: the connection is nil")
	}
	return nil
}

// Acquire returns the connection.
func (c *Conn) Acquire(context.Context) (*nats.Conn, endpoint.Token, error) {
	return c.conn, endpoint.Token{}, nil
}

// Release does nothing.
func (c *Conn) Release(endpoint.Token, error) {}
