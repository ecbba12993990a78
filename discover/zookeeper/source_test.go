package zookeeper_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
)

// TestMissingPath has a node for the service that is made, deleted and made again.
func TestMissingPath(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	network := newProxy(t, p.Addr)
	news := watch(t, zookeeper.New([]string{network.addr}, "/tenant/services/rooms/"))
	await(t, news, nil)
	for i := range 2 {
		put(t, client, "/tenant/services/rooms/any", "a:1")
		await(t, news, nil, "a:1")
		put(t, client, "/tenant/services/rooms/any", "b:1")
		await(t, news, nil, "b:1")
		clearChildren(t, client, "/tenant/services/rooms")
		await(t, news, nil)
		require.NoError(t, client.Delete("/tenant/services/rooms", -1))
		require.Eventually(t, func() bool { return network.count(opExists) == i+2 }, 10*time.Second, time.Millisecond)
	}
}

// TestMalformed has data that is no instance, and data that may not be read: it is left out
// and told of, once.
func TestMalformed(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, rooms+"/a", "a:1")
	put(t, client, rooms+"/b", "nonsense")
	put(t, client, rooms+"/c", "")
	put(t, client, "/services/rooms2/d", "d:1") // of another service
	_, err := client.Create(rooms+"/secret", []byte("s:1"), 0, zk.DigestACL(zk.PermAll, "user", "secret"))
	require.NoError(t, err)
	var j journal
	news := watch(t, zookeeper.New([]string{p.Addr}, rooms, zookeeper.OnEvent(j.add)))
	await(t, news, nil, "a:1")
	put(t, client, rooms+"/large", strings.Repeat("x", 1<<19))
	put(t, client, rooms+"/b", "nonsense")
	put(t, client, rooms+"/e", `{"address":"e:1"}`)
	await(t, news, nil, "a:1", "e:1")
	put(t, client, rooms+"/a", `{"address":""}`)
	await(t, news, nil, "e:1")
	put(t, client, rooms+"/b", "b:1")
	await(t, news, nil, "b:1", "e:1")
	nodes, errs := j.of("malformed")
	require.ElementsMatch(t, []string{rooms + "/b", rooms + "/c", rooms + "/secret"}, nodes[:3])
	require.Equal(t, []string{rooms + "/large", rooms + "/a"}, nodes[3:])
	require.ElementsMatch(t, []string{
		"zookeeper: the value is neither a JSON object nor an address host:port",
		"zookeeper: the value is neither a JSON object nor an address host:port",
		"zookeeper: the data of the node: zk: not authenticated",
	}, errs[:3])
	require.Equal(t, []string{"zookeeper: the value has 524288 bytes, more than 65536", "zookeeper: the value has no address"}, errs[3:])
}

// TestNewestCounts has several nodes with one address.
func TestNewestCounts(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, rooms+"/2", `{"address":"a:1","zone":"old"}`)
	put(t, client, rooms+"/1", `{"address":"a:1","zone":"new"}`)
	news := watch(t, zookeeper.New([]string{p.Addr}, rooms))
	next(t, news, discover.Instance{Addr: "a:1", Zone: "new"})
	require.NoError(t, client.Delete(rooms+"/1", -1))
	next(t, news, discover.Instance{Addr: "a:1", Zone: "old"})
}

// next wants the next set to be of these instances.
func next(t *testing.T, news <-chan yielded, set ...discover.Instance) {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	select {
	case n := <-news:
		require.NoError(t, n.err)
		require.Equal(t, set, n.set)
	case <-timer.C:
		t.Fatalf("no set %v", set)
	}
}

// TestUnchanged has changes that leave the set as it is: nothing is yielded.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	network := newProxy(t, p.Addr)
	put(t, client, rooms+"/a", "a:1")
	news := watch(t, zookeeper.New([]string{network.addr}, rooms))
	next(t, news, discover.Instance{Addr: "a:1"})
	for i, change := range []func(){
		func() { put(t, client, rooms+"/a", `{"address":"a:1"}`) },
		func() { put(t, client, rooms+"/b", "nonsense") },
		func() { put(t, client, rooms+"/c", "a:1") },
		func() { require.NoError(t, client.Delete(rooms+"/a", -1)) },
	} {
		change()
		require.Eventually(t, func() bool { return network.count(opChildren) >= i+2 }, 10*time.Second, time.Millisecond, "it is read again")
	}
	put(t, client, rooms+"/d", "d:1")
	next(t, news, discover.Instance{Addr: "a:1"}, discover.Instance{Addr: "d:1"})
}

// TestManyChangesAtOnce makes 500 nodes in one transaction, and changes them in another: the
// list is read once or twice for each, although every watch fires.
func TestManyChangesAtOnce(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, rooms, "")
	network := newProxy(t, p.Addr)
	news := watch(t, zookeeper.New([]string{network.addr}, rooms))
	await(t, news, nil)
	var create, change []any
	var want, changed []string
	for i := range 500 {
		node := fmt.Sprintf("%s/%03d", rooms, i)
		create = append(create, &zk.CreateRequest{Path: node, Data: fmt.Appendf(nil, "a%03d:1", i), Acl: zk.WorldACL(zk.PermAll)})
		change = append(change, &zk.SetDataRequest{Path: node, Data: fmt.Appendf(nil, "b%03d:1", i), Version: -1})
		want, changed = append(want, fmt.Sprintf("a%03d:1", i)), append(changed, fmt.Sprintf("b%03d:1", i))
	}
	_, err := client.Multi(create...)
	require.NoError(t, err)
	await(t, news, nil, want...)
	_, err = client.Multi(change...)
	require.NoError(t, err)
	await(t, news, nil, changed...)
	require.LessOrEqual(t, network.count(opChildren), 12)
}

// TestQuickChanges makes one change after the other: the list is not read for each.
func TestQuickChanges(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, rooms+"/a", "a:1")
	network := newProxy(t, p.Addr)
	news := watch(t, zookeeper.New([]string{network.addr}, rooms))
	await(t, news, nil, "a:1")
	begun := time.Now()
	for i := range 300 {
		put(t, client, rooms+"/a", fmt.Sprintf("a:%d", i+2))
	}
	await(t, news, nil, "a:301")
	require.LessOrEqual(t, network.count(opChildren), 3+int(time.Since(begun)/(20*time.Millisecond)))
}

// TestTooLarge has more data than a set may have: the set stays, and there is an error, until
// there is less.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	text := `{"address":"a:1","zone":"` + strings.Repeat("z", 60<<10) + `"}`
	put(t, client, rooms, "")
	for i := range 1100 {
		_, err := client.Create(fmt.Sprintf("%s/%04d", rooms, i), []byte(text), 0, zk.WorldACL(zk.PermAll))
		require.NoError(t, err)
	}
	news := watch(t, zookeeper.New([]string{p.Addr}, rooms))
	for range 3 {
		n := <-news
		require.EqualError(t, n.err, "zookeeper: the data of the nodes below /services/rooms takes more than 64 MiB")
	}
	for i := range 50 {
		require.NoError(t, client.Delete(fmt.Sprintf("%s/%04d", rooms, i), -1))
	}
	await(t, news, anyError, "a:1")
}

// TestTooMany has more nodes than a set may have: the set stays, and there is an error, until
// there are fewer.
func TestTooMany(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	put(t, client, rooms, "")
	fill := func(from, to int) {
		for ; from < to; from += 100 {
			var ops []any
			for i := from; i < min(from+100, to); i++ {
				ops = append(ops, &zk.CreateRequest{Path: fmt.Sprintf("%s/%05d", rooms, i), Data: fmt.Appendf(nil, "a:%d", i+1), Acl: zk.WorldACL(zk.PermAll)})
			}
			_, err := client.Multi(ops...)
			require.NoError(t, err)
		}
	}
	fill(0, 10_000)
	news := watch(t, zookeeper.New([]string{p.Addr}, rooms))
	n := <-news
	require.NoError(t, n.err)
	require.Len(t, n.set, 10_000)
	fill(10_000, 10_001)
	for range 3 {
		n = <-news
		require.EqualError(t, n.err, "zookeeper: there are more than 10000 nodes below /services/rooms")
	}
	require.NoError(t, client.Delete(rooms+"/00000", -1))
	for n = range news {
		if n.err == nil && len(n.set) == 10_000 && n.set[0].Addr == "a:10" {
			break
		}
	}
}
