package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	maxKeys    = 10_000
	pageSize   = 128      // keys in an answer, at first
	maxMessage = 16 << 20 // bytes of an answer
)

// errCompacted is the error of a revision that etcd no longer has.
var errCompacted = rpctypes.ErrCompacted

// list fills the roster with the instances at one revision, which it returns.
func (r *Registry) list(ctx context.Context, patience time.Duration, into *roster) (revision int64, err error) {
	if err := r.connected(ctx); err != nil {
		return 0, err
	}
	into.begin()
	defer func() { into.end(err) }()
	req := &pb.RangeRequest{
		Key: []byte(r.prefix + "/"), RangeEnd: []byte(clientv3.GetPrefixRangeEnd(r.prefix + "/")), Limit: pageSize,
	}
	for {
		page, err := r.page(ctx, patience, req)
		if req.Limit > 1 && status.Code(err) == codes.ResourceExhausted {
			req.Limit /= 2 // the values are large
			continue
		}
		if err != nil {
			return 0, err
		}
		if req.Revision == 0 {
			req.Revision = page.Header.Revision
		}
		for _, kv := range page.Kvs {
			into.put(kv)
		}
		if err := into.check(page.Count); err != nil {
			return 0, err
		}
		if !page.More || len(page.Kvs) == 0 {
			return req.Revision, nil
		}
		req.Key = append(page.Kvs[len(page.Kvs)-1].Key, 0)
	}
}

// page makes one request of a list.
func (r *Registry) page(ctx context.Context, patience time.Duration, req *pb.RangeRequest) (*pb.RangeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	resp, err := pb.NewKVClient(r.conn).Range(ctx, req, grpc.MaxCallRecvMsgSize(maxMessage))
	if errors.Is(rpctypes.Error(err), errCompacted) {
		return nil, errCompacted
	}
	if err != nil {
		return nil, fmt.Errorf("etcd: the list of %s/: %w", r.prefix, err)
	}
	return resp, nil
}
