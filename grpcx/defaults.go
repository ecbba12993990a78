package grpcx

import (
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/tap"
)

// Defaults of [ServerOptions] and [DialOptions].
const (
	// DefaultMaxMessage is the most bytes of one message that is received.
	DefaultMaxMessage = 4 << 20
	// DefaultMaxStreams is how many calls of one connection run at a time.
	DefaultMaxStreams = 1000
	// DefaultMaxHeaders is the most bytes of the metadata of a call.
	DefaultMaxHeaders = 64 << 10
)

// ServerOptions returns bounds and keepalives for grpc.NewServer that are safe
// on an open network, to be put before the program's own:
//
//   - a message received has at most 4 MiB, metadata at most 64 KiB, and a
//     connection at most 1000 calls at a time (grpc-go: 4 MiB, 16 MiB, no bound);
//   - a new connection has 20 s for its handshake (120 s);
//   - a connection without calls is pinged after 2 minutes of silence and closed
//     when no answer comes within 20 s (2 hours, 20 s), so that those of clients
//     that are gone do not pile up;
//   - clients may ping every 10 s, also without calls (every 5 minutes, and not);
//   - the first message of a call must come within 10 s: see [FirstMessage] (until
//     the deadline that the client sets);
//   - the reader of a response stream has 30 s for each message: see [SendTimeout]
//     (until that deadline);
//   - Stop of the server returns when the handlers have (it leaves them running), so
//     that what they use can be closed after it.
//
// opts change that. grpc.NewServer panics if the program's own options have a
// grpc.InTapHandle too: see [NoTap]. A nil option panics here.
func ServerOptions(opts ...ServerOption) []grpc.ServerOption {
	c := serverConfig{tap: tap.ServerInHandle(FirstMessage(DefaultFirstMessage))}
	for i, o := range opts {
		if o == nil {
			panic(fmt.Sprintf("grpcx: ServerOptions: option %d is nil", i))
		}
		o.applyServer(&c)
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(DefaultMaxMessage),
		grpc.MaxHeaderListSize(DefaultMaxHeaders),
		grpc.MaxConcurrentStreams(DefaultMaxStreams),
		grpc.ConnectionTimeout(20 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 2 * time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	}
	if c.tap != nil {
		options = append(options, grpc.InTapHandle(c.tap))
	}
	return options
}

// A ServerOption changes [ServerOptions].
type ServerOption interface{ applyServer(c *serverConfig) }

type serverConfig struct{ tap tap.ServerInHandle }

type serverOption func(c *serverConfig)

func (o serverOption) applyServer(c *serverConfig) { o(c) }

// NoTap leaves the tap out, for a program with a tap of its own, which should call
// one of [FirstMessage]. Without that, a client can have calls that never begin, and
// response streams that it does not read, wait for as long as it likes.
func NoTap() ServerOption { return serverOption(func(c *serverConfig) { c.tap = nil }) }

// DialOptions returns bounds and keepalives for grpc.NewClient, to be put before
// the program's own. [Dialer] has them.
//
//   - a message received has at most 4 MiB, metadata at most 64 KiB (4 MiB, 16
//     MiB);
//   - while there are calls, the server is pinged after 5 minutes of silence, the
//     least that every server allows, and data that it does not acknowledge
//     within 20 s ends the connection, where the system can do that (never);
//   - a connection that was lost is tried again after 100 ms, then after longer times of
//     at most 5 s, so that calls go on 5 s after the server is back (2 minutes). An
//     attempt to connect has 20 s (the same).
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(DefaultMaxMessage)),
		grpc.WithMaxHeaderListSize(DefaultMaxHeaders),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute, Timeout: 20 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 4 * time.Second},
			MinConnectTimeout: 20 * time.Second,
		}),
	}
}
