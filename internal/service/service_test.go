package service_test

import (
	"context"
	"errors"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

type (
	call   = endpoint.Endpoint[string, int]
	stream = endpoint.Endpoint[endpoint.Stream[string], endpoint.Stream[int]]
)

type Users struct {
	Get  call
	List stream
}

type Generic[T any] struct{ Do endpoint.Endpoint[T, T] }

type Gateway struct {
	Own call
	Users
	Spare    Users
	Orders   *Orders
	hidden   Users
	Generic  Generic[string]
	Name     string
	Settings struct{ Limit int }
	next     *Settings
	Hooks    map[string]call
	list     []Users
	plain    func(string) (int, error)
	Around   endpoint.LayerFunc
	Foreign  Endpoint[string]
}

// Endpoint is a type of another package than the root.
type Endpoint[T any] func(context.Context, T) (T, error)

type Orders struct{ Put call }

type Settings struct{ Limit int }

// TestWalk finds the endpoints of all parts of a struct, and nothing else.
func TestWalk(t *testing.T) {
	t.Parallel()
	g := &Gateway{Orders: &Orders{}}
	fields, faults := service.Walk(g)
	require.Empty(t, faults)
	require.Equal(t, "Gateway", fields.Type)
	var got []service.Field
	for _, addr := range fields.List {
		f, ok := fields.Lookup(addr)
		require.True(t, ok)
		got = append(got, f)
	}
	require.Equal(t, []service.Field{
		{Path: "Gateway.Own", Service: "Gateway", Name: "Own"},
		{Path: "Gateway.Users.Get", Service: "Users", Name: "Get"},
		{Path: "Gateway.Users.List", Service: "Users", Name: "List"},
		{Path: "Gateway.Spare.Get", Service: "Users", Name: "Get"},
		{Path: "Gateway.Spare.List", Service: "Users", Name: "List"},
		{Path: "Gateway.Orders.Put", Service: "Orders", Name: "Put"},
		{Path: "Gateway.hidden.Get", Service: "Users", Name: "Get"},
		{Path: "Gateway.hidden.List", Service: "Users", Name: "List"},
		{Path: "Gateway.Generic.Do", Service: "Generic", Name: "Do"},
	}, got)
	for name, addr := range map[string]unsafe.Pointer{
		"Gateway.Own":        unsafe.Pointer(&g.Own),
		"Gateway.Users.Get":  unsafe.Pointer(&g.Get),
		"Gateway.Orders.Put": unsafe.Pointer(&g.Orders.Put),
		"Gateway.hidden.Get": unsafe.Pointer(&g.hidden.Get),
	} {
		f, ok := fields.Lookup(addr)
		require.True(t, ok, name)
		require.Equal(t, name, f.Path)
	}
	_, ok := fields.Lookup(unsafe.Pointer(&g.Name))
	require.False(t, ok, "a field that is no endpoint")
	_, _, _, _ = g.next, g.list, g.plain, g.hidden
}

// list is a struct that contains itself, by a pointer.
type list struct {
	Do   call
	Next *list
}

// ring is one that does so by way of another type.
type (
	ring  struct{ Back *wheel }
	wheel struct {
		Ring *ring
		Do   call
	}
	rings struct {
		First  *wheel
		Second *ring
	}
)

type streamIn struct{ Items endpoint.Stream[int] }

type deep struct {
	Map map[string][]*struct{ In [2]streamIn }
}

type (
	inField struct {
		Do endpoint.Endpoint[streamIn, int]
	}
	inItem struct {
		Do endpoint.Endpoint[endpoint.Stream[streamIn], int]
	}
	ofStream struct {
		Do endpoint.Endpoint[endpoint.Stream[endpoint.Stream[int]], int]
	}
	inDeep    struct{ Do endpoint.Endpoint[int, deep] }
	inPointer struct {
		Do endpoint.Endpoint[*endpoint.Stream[int], int]
	}
	twoPointers struct{ A, B *Orders }
)

// TestFaults has structs that are no services.
func TestFaults(t *testing.T) {
	t.Parallel()
	shared := &Orders{}
	self := &list{}
	self.Next = self
	for name, tt := range map[string]struct {
		svc  any
		want string
	}{
		"nil":                    {nil, "<nil> is no pointer to a struct of endpoints"},
		"a nil pointer":          {(*Users)(nil), "*service_test.Users is no pointer to a struct of endpoints"},
		"a struct":               {Users{}, "service_test.Users is no pointer to a struct of endpoints"},
		"a pointer to a pointer": {new(*Users), "**service_test.Users is no pointer to a struct of endpoints"},
		"a number":               {7, "int is no pointer to a struct of endpoints"},
		"no endpoints":           {&Settings{}, "Settings has no field of type endpoint.Endpoint"},
		"a nil part":             {&Gateway{}, "Gateway.Orders is a nil pointer to a struct of endpoints"},
		"a part twice":           {&twoPointers{shared, shared}, "twoPointers.B points to a struct that is in the service already"},
		"itself":                 {self, "list.Next points to a struct that is in the service already"},
		"an end of itself":       {&list{}, "list.Next is a nil pointer to a struct of endpoints"},
		"a part found by a ring": {&rings{First: &wheel{}}, "rings.First.Ring is a nil pointer to a struct of endpoints"},
		"a Stream in a field":    {&inField{}, "inField.Do: streamIn.Items is a Stream inside a message"},
		"a Stream in an item":    {&inItem{}, "inItem.Do: streamIn.Items is a Stream inside a message"},
		"a Stream of Streams":    {&ofStream{}, "ofStream.Do: the item is a Stream inside a message"},
		"a Stream deep inside":   {&inDeep{}, "inDeep.Do: streamIn.Items is a Stream inside a message"},
		"a Stream by a pointer":  {&inPointer{}, "is a Stream inside a message; a Stream is a whole request or response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults := service.Walk(tt.svc)
			require.ErrorContains(t, errors.Join(faults...), tt.want)
		})
	}
}

// TestAllFaults has more than one fault, and all are reported.
func TestAllFaults(t *testing.T) {
	t.Parallel()
	_, faults := service.Walk(&struct {
		A, B *Orders
		C    inField
	}{})
	require.Len(t, faults, 3)
}

// TestOnePartTwice has a field that is reached on two ways.
func TestOnePartTwice(t *testing.T) {
	t.Parallel()
	type outer struct {
		Own call
		In  Orders
		By  *Orders
	}
	o := &outer{}
	o.By = &o.In
	_, faults := service.Walk(o)
	require.ErrorContains(t, errors.Join(faults...), "outer.By.Put is in the service already, by another pointer")
}
