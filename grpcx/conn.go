package grpcx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// A Conn is one connection as the target of a client: what [To] returns. It is
// safe for concurrent use.
type Conn struct {
	conn grpc.ClientConnInterface
}

// To returns the target of a client whose calls all go to conn, a
// *grpc.ClientConn usually, which stays the caller's to close. Its interceptors
// must hand on the call options that they get: from one of them a client knows
// whether a call was sent. A nil conn is an error of [Client].
func To(conn grpc.ClientConnInterface) *Conn {
	if service.IsNil(conn) {
		conn = nil
	}
	return &Conn{conn}
}

// Err returns what is wrong with the argument of [To], or nil. A nil Conn is a
// fault, too.
func (c *Conn) Err() error {
	if c == nil || c.conn == nil {
		return errors.New("grpcx: To: the connection is nil")
	}
	return nil
}

// Acquire returns the connection.
func (c *Conn) Acquire(context.Context) (grpc.ClientConnInterface, endpoint.Token, error) {
	return c.conn, endpoint.Token{}, nil
}

// Release does nothing.
func (c *Conn) Release(endpoint.Token, error) {}

// Dialer returns a function that makes a connection to an address ("10.0.0.1:8081", or
// a target of grpc.NewClient with its scheme), for discover.New: a *grpc.ClientConn,
// which its method Close closes. It connects with the first call, so the function
// ignores its context. creds are required, insecure.NewCredentials() for none; opts
// come after [DialOptions]. Dialer panics if creds or an option is nil, with all that is
// wrong, as no address could make up for it.
func Dialer(creds credentials.TransportCredentials, opts ...grpc.DialOption) func(ctx context.Context, addr string) (grpc.ClientConnInterface, error) {
	opts = slices.Clone(opts)
	if err := checkDialer(creds, opts); err != nil {
		panic(fmt.Sprintf("grpcx: Dialer: %v", err))
	}
	return func(_ context.Context, addr string) (grpc.ClientConnInterface, error) {
		all := append([]grpc.DialOption{grpc.WithTransportCredentials(creds)}, DialOptions()...)
		conn, err := grpc.NewClient(targetOf(addr), append(all, opts...)...)
		if err != nil {
			return nil, fmt.Errorf("grpcx: Dialer: %w", err)
		}
		return conn, nil
	}
}

// checkDialer returns what is wrong with the arguments of Dialer, whatever the address.
func checkDialer(creds credentials.TransportCredentials, opts []grpc.DialOption) error {
	// See decision 173.
	var faults []error
	if service.IsNil(creds) {
		faults = append(faults, errors.New("the credentials are nil; insecure.NewCredentials() says that there are none"))
	}
	if slices.Contains(opts, nil) {
		faults = append(faults, errors.New("a nil option"))
	}
	return errors.Join(faults...)
}

// targetOf keeps grpc-go from resolving an address that somebody resolved
// already, which it would do again every half minute.
func targetOf(addr string) string {
	if strings.Contains(addr, "://") || strings.HasPrefix(addr, "unix:") {
		return addr
	}
	return "passthrough:///" + addr
}
