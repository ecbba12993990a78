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

// errSilent is the cause of the end of a stream on which etcd says nothing.
var errSilent = errors.New("etcd: no answer")

// A watch is a stream of changes, which ends with the first doubt. It is not a Watch of the
// client: that one goes on at another member, or at one that has lost its data, without a
// word. See decision 185.
type watch struct {
	messages chan *pb.WatchResponse // closed when the stream has ended
	err      error                  // of the stream, when messages is closed

	ctx     context.Context
	cancel  context.CancelCauseFunc
	stream  grpc.BidiStreamingClient[pb.WatchRequest, pb.WatchResponse]
	silence time.Duration
	alarm   *time.Timer // ends the stream
	wait    sync.WaitGroup
}

// watch follows the keys of the service from a revision on.
func (r *Registry) watch(ctx context.Context, revision int64) (*watch, error) {
	ctx, cancel := context.WithCancelCause(clientv3.WithRequireLeader(ctx))
	w := &watch{ctx: ctx, cancel: cancel, messages: make(chan *pb.WatchResponse), silence: r.silence()}
	w.alarm = time.AfterFunc(w.silence, func() { cancel(errSilent) })
	stream, err := pb.NewWatchClient(r.conn).Watch(ctx, grpc.MaxCallRecvMsgSize(maxMessage))
	if err == nil {
		w.stream = stream
		err = stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: &pb.WatchCreateRequest{
			Key: []byte(r.prefix + "/"), RangeEnd: []byte(clientv3.GetPrefixRangeEnd(r.prefix + "/")),
			StartRevision: revision, Fragment: true,
		}}})
	}
	if err != nil {
		w.end()
		return nil, w.cause(err)
	}
	w.wait.Go(w.receive)
	w.wait.Go(w.ask)
	return w, nil
}

// end ends the stream, and waits for it.
func (w *watch) end() {
	w.cancel(nil)
	w.alarm.Stop()
	w.wait.Wait()
}

// receive passes the messages on until the stream ends.
func (w *watch) receive() {
	defer close(w.messages)
	for {
		w.alarm.Reset(w.silence)
		m, err := w.stream.Recv()
		w.alarm.Stop() // until the loop over the set takes it
		if err == nil {
			err = canceled(m)
		}
		if err != nil {
			w.err = w.cause(err)
			return
		}
		select {
		case w.messages <- m:
		case <-w.ctx.Done():
			w.err = w.cause(w.ctx.Err())
			return
		}
	}
}

// canceled returns the error of a message that ends the watch.
func canceled(m *pb.WatchResponse) error {
	switch {
	case m.CompactRevision != 0:
		return errCompacted
	case m.Canceled:
		return fmt.Errorf("canceled: %s", bounded(m.CancelReason))
	}
	return nil
}

// ask asks for a sign of life again and again. A member that has lost its data gives none:
// it waits for the revision that the watch begins at.
func (w *watch) ask() {
	tick := time.NewTicker(w.silence / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			return
		}
		req := &pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}}}
		if w.stream.Send(req) != nil {
			return // Recv tells why
		}
	}
}

// cause returns why the stream has ended.
func (w *watch) cause(err error) error {
	switch {
	case errors.Is(err, errCompacted):
		return err
	case errors.Is(context.Cause(w.ctx), errSilent):
		return fmt.Errorf("%w for %v", errSilent, w.silence)
	}
	return wrap("watch", err)
}
