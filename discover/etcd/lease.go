package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

var (
	errLost = errors.New("etcd: the lease of the instance has ended")
	errGone = errors.New("etcd: the key of the instance is gone")
)

// A leaseStream is the stream on which a lease is kept alive.
type leaseStream struct {
	ctx     context.Context
	stream  grpc.BidiStreamingClient[pb.LeaseKeepAliveRequest, pb.LeaseKeepAliveResponse]
	answers chan *pb.LeaseKeepAliveResponse // closed when the stream has ended
	err     error                           // of the stream, when answers is closed
}

// hold keeps the lease alive until it is lost, the stream breaks or ctx ends.
func (r *registration) hold(ctx context.Context) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	var receiving sync.WaitGroup
	defer receiving.Wait()
	defer cancel()
	stream, err := pb.NewLeaseClient(r.conn).LeaseKeepAlive(ctx)
	if err != nil {
		return wrap("keep-alive", err)
	}
	s := &leaseStream{ctx: ctx, stream: stream, answers: make(chan *pb.LeaseKeepAliveResponse)}
	receiving.Go(s.receive)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case _, ok := <-s.answers:
			if !ok {
				return wrap("keep-alive", s.err)
			}
			continue // nothing was asked
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.beat(s); err != nil {
			return err
		}
		r.succeeded()
		timer.Reset(r.config.ttl / 3)
	}
}

// receive passes the answers on until the stream ends.
func (s *leaseStream) receive() {
	defer close(s.answers)
	for {
		answer, err := s.stream.Recv()
		if err != nil {
			s.err = err
			return
		}
		select {
		case s.answers <- answer:
		case <-s.ctx.Done():
			s.err = s.ctx.Err()
			return
		}
	}
}

// beat keeps the lease alive once, and looks whether its key is still there.
func (r *registration) beat(s *leaseStream) error {
	_ = s.stream.Send(&pb.LeaseKeepAliveRequest{ID: r.lease}) // if it fails, the stream has ended
	patience := r.pause.patience()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer, ok := <-s.answers:
		switch {
		case !ok:
			return wrap("keep-alive", s.err)
		case answer.TTL <= 0:
			r.granted = false
			return errLost
		}
	case <-timer.C:
		return fmt.Errorf("etcd: keep-alive: no answer within %v", patience)
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	known, err := r.exists(s.ctx, true)
	if err == nil && !known {
		return errGone
	}
	return err
}
