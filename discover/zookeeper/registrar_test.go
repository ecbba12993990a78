package zookeeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
	"github.com/typedkit/endpoint/internal/registrytest"
)

const rooms = "/services/rooms"

// only returns the only child of a node, with what ZooKeeper says of it.
func only(t *testing.T, client *zk.Conn, path string) (string, *zk.Stat) {
	t.Helper()
	children := names(t, client, path)
	require.Len(t, children, 1)
	_, stat, err := client.Exists(path + "/" + children[0])
	require.NoError(t, err)
	return children[0], stat
}

// TestLostAnswers loses the answer to a request, with the connection, after ZooKeeper has
// carried it out: nothing is made twice, and nothing is left.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	for name, op := range map[string]int32{"create": opCreate, "delete": opDelete} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := "/services/" + name
			put(t, client, path, "")
			network := newProxy(t, p.Addr)
			network.loseAnswer(op)
			var j journal
			r := zookeeper.New([]string{network.addr}, path, zookeeper.TTL(2*time.Second), zookeeper.OnEvent(j.add))
			news := watch(t, zookeeper.New([]string{p.Addr}, path))
			stop := register(t, r, discover.Instance{Addr: "a:1"})
			await(t, news, nil, "a:1")
			if op == opCreate {
				require.Eventually(t, func() bool {
					_, errs := j.of("register_failed")
					return len(errs) > 0
				}, 10*time.Second, 10*time.Millisecond)
			}
			require.Eventually(t, func() bool { // the node is looked at again
				return network.count(opGet) > 1
			}, 10*time.Second, 10*time.Millisecond)
			first, stat := only(t, client, path)
			require.Positive(t, stat.EphemeralOwner)
			require.True(t, strings.HasPrefix(first, "a:1-"), first)
			require.NoError(t, stop())
			require.False(t, network.pending())
			require.Empty(t, names(t, client, path))
		})
	}
}

// TestDeleted deletes the node of an instance, changes it, and deletes those above it: it is
// made again each time.
func TestDeleted(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	var j journal
	r := zookeeper.New([]string{p.Addr}, rooms, zookeeper.TTL(2*time.Second), zookeeper.OnEvent(j.add))
	news := watch(t, r)
	await(t, news, nil)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, nil, "a:1")
	for range 2 {
		clearChildren(t, client, rooms)
		await(t, news, nil)
		await(t, news, nil, "a:1")
	}
	name, _ := only(t, client, rooms)
	_, err := client.Set(rooms+"/"+name, []byte("b:1"), -1)
	require.NoError(t, err)
	await(t, news, nil, "b:1")
	await(t, news, nil, "a:1")
	require.Eventually(t, func() bool { // the node comes back until both are deleted at once
		name, _ := only(t, client, rooms)
		_, err := client.Multi(&zk.DeleteRequest{Path: rooms + "/" + name, Version: -1}, &zk.DeleteRequest{Path: rooms, Version: -1})
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	await(t, news, nil)
	await(t, news, nil, "a:1")
	require.NoError(t, stop())
	await(t, news, nil)
	_, errs := j.of("register_failed")
	require.Len(t, errs, 4)
	require.Subset(t, []string{"zookeeper: the node of the instance is gone or has changed"}, errs)
	details, _ := j.of("registered")
	require.Equal(t, []string{"a:1", "a:1", "a:1", "a:1", "a:1"}, details)
}

// TestExpired has sessions that ZooKeeper ends because the network is away for longer than
// their time-out: the instance is registered again, once, and the watches work.
func TestExpired(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	network := newProxy(t, p.Addr)
	r := zookeeper.New([]string{network.addr}, rooms, zookeeper.TTL(2*time.Second))
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	news := watch(t, r)
	await(t, news, nil, "a:1")
	name, before := only(t, client, rooms)

	network.setAway(true)
	require.Eventually(t, func() bool { return len(names(t, client, rooms)) == 0 }, 20*time.Second, 10*time.Millisecond)
	network.setAway(false)
	require.Eventually(t, func() bool { return len(names(t, client, rooms)) == 1 }, 2*time.Second, 10*time.Millisecond)
	again, after := only(t, client, rooms)
	require.Equal(t, name, again)
	require.NotEqual(t, before.EphemeralOwner, after.EphemeralOwner)

	second := register(t, zookeeper.New([]string{p.Addr}, rooms), discover.Instance{Addr: "b:1"})
	await(t, news, anyError, "a:1", "b:1")
	clearChildren(t, client, rooms)
	await(t, news, nil, "a:1", "b:1")
	require.NoError(t, second())
	await(t, news, nil, "a:1")
	require.NoError(t, stop())
	await(t, news, nil)
}

// TestResumed breaks connections for less than the session timeout: watches yield an error at
// most, and the node stays the same.
func TestResumed(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	network := newProxy(t, p.Addr)
	r := zookeeper.New([]string{network.addr}, rooms, zookeeper.TTL(8*time.Second))
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	news := watch(t, r)
	await(t, news, nil, "a:1")
	_, before := only(t, client, rooms)
	for range 3 {
		network.setAway(true)
		for n := range news {
			if n.err != nil {
				break
			}
		}
		network.setAway(false)
		await(t, news, anyError, "a:1")
	}
	_, after := only(t, client, rooms)
	require.Equal(t, before, after)
	require.NoError(t, stop())
	await(t, news, anyError)
	require.Equal(t, 5, network.count(opCreate), "of three nodes; two failed, because the node above was missing")
}

// TestReplaced has servers that refuse to resume a session which they know: another session
// takes over the node, which no watch sees missing and which outlives the old session.
func TestReplaced(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	network := newProxy(t, p.Addr)
	stop := register(t, zookeeper.New([]string{network.addr}, rooms, zookeeper.TTL(6*time.Second)), discover.Instance{Addr: "a:1"})
	news := watch(t, zookeeper.New([]string{p.Addr}, rooms))
	await(t, news, nil, "a:1")
	name, before := only(t, client, rooms)
	network.setAway(true)
	require.Zero(t, stays(t, news, 2*time.Second, 1))
	network.setAway(false)
	require.Eventually(t, func() bool {
		again, after := only(t, client, rooms)
		return name == again && before.EphemeralOwner != after.EphemeralOwner
	}, 3*time.Second, 10*time.Millisecond)
	require.Zero(t, stays(t, news, 8*time.Second, 1))
	require.NoError(t, stop())
	await(t, news, nil)
}

// TestRegisterNothing has an instance without an address, and a ZooKeeper that is never there.
func TestRegisterNothing(t *testing.T) {
	t.Parallel()
	r := zookeeper.New([]string{registrytest.Addr(t)}, rooms)
	require.EqualError(t, r.Register(t.Context(), discover.Instance{}), "zookeeper: Register: the instance has no address")
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	require.NoError(t, stop(), "ZooKeeper was never asked, so nothing is left")
}

// TestNothingIsLeft looks for what Watch and Register leave at the server.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	r := zookeeper.New([]string{p.Addr}, rooms)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	for set, err := range r.Watch(t.Context()) {
		require.NoError(t, err)
		if len(set) == 1 {
			require.Eventually(t, func() bool { // watches of children do not count
				text, err := word(t.Context(), p.Addr, "wchs")
				return err == nil && text == "1 connections watching 1 paths\nTotal watches:1\n"
			}, 10*time.Second, 10*time.Millisecond)
			break
		}
	}
	require.NoError(t, stop())
	text, err := word(t.Context(), p.Addr, "dump")
	require.NoError(t, err)
	require.NotContains(t, text, "0x1", "there is a session")
	text, err = word(t.Context(), p.Addr, "wchs")
	require.NoError(t, err)
	require.Contains(t, text, "Total watches:0")
}
