package main

import (
	"context"
	"net"
	"net/rpc"

	"github.com/typedkit/endpoint/netrpcx"
)

// rawSums is the service as net/rpc wants it.
type rawSums struct{}

// Sum adds.
func (rawSums) Sum(r Args, reply *Reply) error { reply.V = r.A + r.B; return nil } //nolint:unparam // as net/rpc wants it

// accept is rpc.Server.Accept without its line in the log at the end.
func accept(l net.Listener, s *rpc.Server) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go s.ServeConn(conn)
	}
}

// openNetRPC starts the servers of net/rpc, in gob.
func openNetRPC(f *fleet) (*link, error) {
	raw := rpc.NewServer()
	if err := raw.RegisterName("Sums", rawSums{}); err != nil {
		return nil, err
	}
	kit, err := netrpcx.NewServer(newSums())
	if err != nil {
		return nil, err
	}
	addrs := map[string]string{}
	for kind, serve := range map[string]func(l net.Listener){
		kindRaw:  func(l net.Listener) { f.atEnd(l.Close); go accept(l, raw) },
		kindOurs: func(l net.Listener) { f.atEnd(kit.Close); go func() { _ = kit.Serve(l) }() },
	} {
		l, err := listen()
		if err != nil {
			return nil, err
		}
		serve(l)
		addrs[kind] = l.Addr().String()
	}
	return &link{func(client, server string, n int) ([]sum, error) {
		if client == kindOurs {
			c, conn := new(Sums), netrpcx.To(addrs[server])
			f.atEnd(conn.Close)
			return ours(c, n), netrpcx.Client(conn, c)
		}
		// A connection for each worker, as clients of ours have.
		all := make([]sum, n)
		for i := range all {
			c, err := rpc.Dial("tcp", addrs[server])
			if err != nil {
				return nil, err
			}
			f.atEnd(c.Close)
			all[i] = func(ctx context.Context, a, b int64) (int64, error) {
				var reply Reply
				call := c.Go("Sums.Sum", Args{a, b}, &reply, make(chan *rpc.Call, 1))
				select {
				case <-call.Done:
					return reply.V, call.Error
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			}
		}
		return all, nil
	}}, nil
}
