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
func (r *Registry) list(ctx context.Context, patience time.Duration, into *roster) (int64, error) {
	if err := r.connected(ctx); err != nil {
		return 0, err
	}
	key := []byte(r.prefix + "/")
	end := []byte(clientv3.GetPrefixRangeEnd(r.prefix + "/"))
	into.begin()
	revision, limit := int64(0), int64(pageSize)
	for {
		page, err := r.page(ctx, patience, &pb.RangeRequest{Key: key, RangeEnd: end, Revision: revision, Limit: limit})
		if limit > 1 && status.Code(err) == codes.ResourceExhausted {
			limit /= 2 // the values are large
			continue
		}
		if err != nil {
			return 0, err
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		if page.Count > maxKeys {
			return 0, fmt.Errorf("etcd: there are more than %d keys below %s/", maxKeys, r.prefix)
		}
		for _, kv := range page.Kvs {
			into.put(kv)
		}
		if !page.More || len(page.Kvs) == 0 {
			into.end()
			return revision, nil
		}
		last := page.Kvs[len(page.Kvs)-1].Key
		key = append(append([]byte(nil), last...), 0)
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
