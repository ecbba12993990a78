package etcd_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/etcd"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// withCancel returns a context that ends with the test at the latest.
func withCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

// A journal keeps the events of a registry.
type journal struct {
	mu     sync.Mutex // guards the fields below
	events []endpoint.Event
}

func (j *journal) add(_ context.Context, e endpoint.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

// of returns the details of the events of a kind, and their errors.
func (j *journal) of(kind string) (details, errs []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.events {
		if e.Kind == kind {
			details = append(details, e.Detail)
			errs = append(errs, fmt.Sprint(e.Err))
		}
	}
	return details, errs
}

// yielded is what a Watch yields.
type yielded struct {
	set []discover.Instance
	err error
}

// watch follows a source until the test ends.
func watch(t *testing.T, source discover.Source) <-chan yielded {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	news := make(chan yielded, 1000)
	var following sync.WaitGroup
	following.Go(func() {
		for set, err := range source.Watch(ctx) {
			news <- yielded{set, err}
		}
	})
	t.Cleanup(func() {
		cancel()
		following.Wait()
	})
	return news
}

// await waits for a set with these addresses, and fails for every error that allowed does
// not allow.
func await(t *testing.T, news <-chan yielded, allowed func(error) bool, addrs ...string) {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	last := "nothing"
	for {
		select {
		case n := <-news:
			if n.err != nil {
				require.True(t, allowed != nil && allowed(n.err), n.err)
				continue
			}
			got := make([]string, len(n.set))
			for i, in := range n.set {
				got[i] = in.Addr
			}
			if last = strings.Join(got, " "); last == strings.Join(addrs, " ") {
				return
			}
		case <-timer.C:
			t.Fatalf("no set of %q; the last one is of %s", addrs, last)
		}
	}
}

func put(t *testing.T, client *clientv3.Client, key, value string) {
	t.Helper()
	_, err := client.Put(t.Context(), key, value)
	require.NoError(t, err)
}

// TestCompaction has etcd compact what is missing between the list and the watch: the source
// lists again, and yields no error.
func TestCompaction(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	other := newClient(t, p.Addr)
	put(t, other, "/services/rooms/a", "a:1")
	put(t, other, "/services/rooms/b", "b:1")
	var compacted, watches atomic.Int32
	between := func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Watch") && watches.Add(1) == 1 {
			for i := range 10 {
				put(t, other, "/services/rooms/c", fmt.Sprintf("c:%d", i+1))
			}
			resp, err := other.Delete(ctx, "/services/rooms/a")
			require.NoError(t, err)
			_, err = other.Compact(ctx, resp.Header.Revision, clientv3.WithCompactPhysical())
			require.NoError(t, err)
			compacted.Add(1)
		}
		return streamer(ctx, desc, cc, method, opts...)
	}
	news := watch(t, etcd.New(newClient(t, p.Addr, grpc.WithChainStreamInterceptor(between)), "/services/rooms"))
	await(t, news, nil, "a:1", "b:1")
	await(t, news, nil, "b:1", "c:10")
	require.EqualValues(t, 1, compacted.Load())
	put(t, other, "/services/rooms/d", "d:1")
	await(t, news, nil, "b:1", "c:10", "d:1")
	require.EqualValues(t, 2, watches.Load(), "the first one was refused")
}

// TestMalformed checks that a value that is not an instance is skipped and reported once.
func TestMalformed(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, "/services/rooms/a", "a:1")
	put(t, client, "/services/rooms/b", "nonsense")
	put(t, client, "/services/rooms2/c", "c:1") // of another service
	put(t, client, "/services/rooms", "d:1")
	var j journal
	news := watch(t, etcd.New(client, "/services/rooms/", etcd.OnEvent(j.add)))
	await(t, news, nil, "a:1")
	put(t, client, "/services/rooms/a\n", strings.Repeat("x", 1<<20))
	put(t, client, "/services/rooms/a\n", strings.Repeat("x", 1<<20))
	put(t, client, "/services/rooms/b", "nonsense")
	put(t, client, "/services/rooms/e", `{"address":"e:1"}`)
	await(t, news, nil, "a:1", "e:1")
	put(t, client, "/services/rooms/a", `{"address":""}`)
	await(t, news, nil, "e:1")
	put(t, client, "/services/rooms/b", "b:1")
	await(t, news, nil, "b:1", "e:1")
	keys, errs := j.of("malformed")
	require.Equal(t, []string{"/services/rooms/b", `/services/rooms/a\n`, "/services/rooms/a"}, keys)
	require.Equal(t, []string{
		"etcd: the value is neither a JSON object nor an address host:port",
		"etcd: the value has 1048576 bytes, more than 65536",
		"etcd: the value has no address",
	}, errs)
}

// TestNewestCounts has several keys with one address.
func TestNewestCounts(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, "/services/rooms/2", `{"address":"a:1","zone":"old"}`)
	put(t, client, "/services/rooms/1", `{"address":"a:1","zone":"new"}`)
	news := watch(t, etcd.New(client, "/services/rooms"))
	n := <-news
	require.NoError(t, n.err)
	require.Equal(t, []discover.Instance{{Addr: "a:1", Zone: "new"}}, n.set)
	_, err := client.Delete(t.Context(), "/services/rooms/1")
	require.NoError(t, err)
	n = <-news
	require.NoError(t, n.err)
	require.Equal(t, []discover.Instance{{Addr: "a:1", Zone: "old"}}, n.set)
}

// TestLargeValues has values that do not fit into one answer together.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	for i := range 20 {
		put(t, client, fmt.Sprintf("/services/rooms/%d", i), strings.Repeat("x", 1<<20))
	}
	put(t, client, "/services/rooms/a", "a:1")
	news := watch(t, etcd.New(client, "/services/rooms"))
	await(t, news, nil, "a:1")
}

// TestTooMany has more keys than a set may have: the set stays, and there is an error, until
// there are fewer.
func TestTooMany(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	fill := func(from, to int) {
		for ; from < to; from += 100 {
			var ops []clientv3.Op
			for i := from; i < min(from+100, to); i++ {
				ops = append(ops, clientv3.OpPut(fmt.Sprintf("/services/rooms/%05d", i), fmt.Sprintf("a:%d", i+1)))
			}
			_, err := client.Txn(t.Context()).Then(ops...).Commit()
			require.NoError(t, err)
		}
	}
	fill(0, 10_000)
	news := watch(t, etcd.New(client, "/services/rooms"))
	n := <-news
	require.NoError(t, n.err)
	require.Len(t, n.set, 10_000)
	fill(10_000, 10_001)
	for range 3 {
		n = <-news
		require.EqualError(t, n.err, "etcd: there are more than 10000 keys below /services/rooms/")
	}
	_, err := client.Delete(t.Context(), "/services/rooms/00001", clientv3.WithFromKey())
	require.NoError(t, err)
	await(t, news, anyError, "a:1")
}

// TestTooMuch has values that take too much memory together.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	zone := strings.Repeat("z", 63<<10)
	for i := range 64 {
		var ops []clientv3.Op
		for j := range 20 {
			key := fmt.Sprintf("%d.%d", i, j)
			ops = append(ops, clientv3.OpPut("/services/rooms/"+key, `{"address":"a`+key+`:1","zone":"`+zone+`"}`))
		}
		_, err := client.Txn(t.Context()).Then(ops...).Commit()
		require.NoError(t, err)
	}
	news := watch(t, etcd.New(client, "/services/rooms"))
	n := <-news
	require.EqualError(t, n.err, "etcd: the values below /services/rooms/ take more than 64 MiB")
	_, err := client.Delete(t.Context(), "/services/rooms/", clientv3.WithPrefix())
	require.NoError(t, err)
	await(t, news, anyError)
}
