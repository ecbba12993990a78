package shell_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

type question struct{ Text string }

type reply struct{ Text string }

type ask = endpoint.Endpoint[question, reply]

func echo(_ context.Context, q question) (reply, error) { return reply{q.Text + "!"}, nil }

// exchange is an exchange whose request is text, unless reading or writing fails. As
// a ValueExchange its messages are pointers.
type exchange struct {
	text                 string
	decodeErr, encodeErr error
	notThere             bool // Receive returns no message
	got                  any
	room                 *[1]string
}

func (x *exchange) Decode(m *shell.Messages) error {
	x.room = &m.Room
	if x.decodeErr == nil {
		m.Req.(*question).Text = x.text
	}
	return x.decodeErr
}

func (x *exchange) Encode(m *shell.Messages) error {
	x.got = *m.Resp.(*reply)
	return x.encodeErr
}

func (x *exchange) Receive() (any, error) {
	if x.notThere {
		return nil, x.decodeErr
	}
	return &question{x.text}, x.decodeErr
}

func (x *exchange) Send(resp any) error {
	x.got = resp
	return x.encodeErr
}

// TestErase checks what the endpoint of a field is without its types.
func TestErase(t *testing.T) {
	t.Parallel()
	svc := struct{ Ask ask }{Ask: echo}
	for name, erase := range map[string]func(field *ask, part shell.Part){"Erase": shell.Erase[question, reply], "EraseValues": shell.EraseValues[question, reply], "EraseReused": shell.EraseReused[question, reply]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p parts
			erase(&svc.Ask, &p)
			require.Len(t, p, 1)
			require.Equal(t, reflect.TypeFor[question](), p[0].Req)
			require.Equal(t, reflect.TypeFor[reply](), p[0].Resp)
			require.Equal(t, unsafe.Pointer(&svc.Ask), p[0].Addr)
			require.False(t, p[0].IsNil())
			require.False(t, p[0].ByValue)

			erase(nil, &p)
			require.Nil(t, p[1].Addr, "a nil pointer to a field is described, too")
			require.Equal(t, reflect.TypeFor[question](), p[1].Req)
		})
	}
}

// TestServe has all ends of a call on a server.
func TestServe(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, question) (reply, error) { return reply{"lost"}, errFailed }
	unread, unwritten := errors.New("unread"), errors.New("unwritten")
	for name, tt := range map[string]struct {
		endpoint ask
		exchange exchange
		want     error
		got      any
	}{
		"success":                  {echo, exchange{text: "a"}, nil, reply{"a!"}},
		"an error of the request":  {echo, exchange{text: "a", decodeErr: unread}, unread, nil},
		"an error of the endpoint": {fails, exchange{text: "a"}, errFailed, nil},
		"an error of the response": {echo, exchange{text: "a", encodeErr: unwritten}, unwritten, reply{"a!"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, erase := range map[string]func(field *ask, part shell.Part){"Erase": shell.Erase[question, reply], "EraseValues": shell.EraseValues[question, reply], "EraseReused": shell.EraseReused[question, reply]} {
				var p parts
				field := tt.endpoint
				erase(&field, &p)
				p[0].Read()
				x := tt.exchange
				require.Equal(t, tt.want, p[0].Serve(t.Context(), &x), what)
				require.Equal(t, tt.got, x.got, what)
				require.Equal(t, &[1]string{}, x.room, what)
			}
		})
	}
}

// TestServeReadsOnce changes the field after Read.
func TestServeReadsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first, then ask
		isNil       bool
	}{
		"set, then nil": {echo, nil, false},
		"nil, then set": {nil, echo, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field := tt.first
			e := erased(&field)
			require.Equal(t, tt.isNil, e.IsNil())
			field = tt.then
			require.Equal(t, !tt.isNil, e.IsNil(), "before Read, the field counts")
			field = tt.first
			e.Read()
			field = tt.then
			require.Equal(t, tt.isNil, e.IsNil())
			if !tt.isNil {
				x := exchange{text: "a"}
				require.NoError(t, e.Serve(t.Context(), &x))
				require.Equal(t, reply{"a!"}, x.got)
			}
		})
	}
}

type askValues = endpoint.Endpoint[*question, *reply]

// valued returns an endpoint with ByValue.
func valued(field *askValues) *shell.Endpoint {
	var p parts
	shell.EraseValues(field, &p)
	p[0].ByValue = true
	return p[0]
}

// TestServeValues has all ends of a call whose messages are passed as they are.
func TestServeValues(t *testing.T) {
	t.Parallel()
	answer := func(_ context.Context, q *question) (*reply, error) {
		if q == nil {
			return nil, nil //nolint:nilnil // a handler's mistake
		}
		return &reply{q.Text + "!"}, nil
	}
	fails := func(context.Context, *question) (*reply, error) { return &reply{"lost"}, errFailed }
	unread, unwritten := errors.New("unread"), errors.New("unwritten")
	for name, tt := range map[string]struct {
		endpoint askValues
		exchange exchange
		want     error
		got      any
	}{
		"success":                  {answer, exchange{text: "a"}, nil, &reply{"a!"}},
		"no message":               {answer, exchange{notThere: true}, nil, (*reply)(nil)},
		"an error of the request":  {answer, exchange{text: "a", decodeErr: unread}, unread, nil},
		"an error of the endpoint": {fails, exchange{text: "a"}, errFailed, nil},
		"an error of the response": {answer, exchange{text: "a", encodeErr: unwritten}, unwritten, &reply{"a!"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field := tt.endpoint
			e := valued(&field)
			e.Read()
			x := tt.exchange
			require.Equal(t, tt.want, e.Serve(t.Context(), &x))
			require.Equal(t, tt.got, x.got)
		})
	}
}

// TestCall has the field of a client, whose calls Call makes.
func TestCall(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]func(field *ask, part shell.Part){"Erase": shell.Erase[question, reply], "EraseValues": shell.EraseValues[question, reply], "EraseReused": shell.EraseReused[question, reply]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var field ask
			var p parts
			erase(&field, &p)
			e := p[0]
			e.Call = func(_ context.Context, v any) (any, error) {
				m := v.(*shell.Messages)
				require.Equal(t, &question{"a"}, m.Req)
				resp := m.Place().(*reply)
				resp.Text = "b"
				return resp, nil
			}
			e.Set()
			got, err := field(t.Context(), question{"a"})
			require.NoError(t, err)
			require.Equal(t, reply{"b"}, got)

			e.Call = func(_ context.Context, v any) (any, error) {
				resp := v.(*shell.Messages).Place().(*reply)
				resp.Text = "half"
				return resp, errFailed
			}
			got, err = field(t.Context(), question{"a"})
			require.Equal(t, errFailed, err)
			require.Zero(t, got, "there is no response beside an error")

			var omitted ask
			erase(&omitted, &p)
			p[1].SetError(errFailed)
			got, err = omitted(t.Context(), question{"a"})
			require.Equal(t, errFailed, err)
			require.Zero(t, got)
		})
	}
}

// TestCallValues is TestCall for messages that are passed as they are.
func TestCallValues(t *testing.T) {
	t.Parallel()
	var field askValues
	e := valued(&field)
	var result error
	e.Call = func(_ context.Context, v any) (any, error) {
		require.Equal(t, &question{"a"}, v)
		return &reply{"b"}, result
	}
	e.Set()
	got, err := field(t.Context(), &question{"a"})
	require.NoError(t, err)
	require.Equal(t, &reply{"b"}, got)

	result = errFailed
	got, err = field(t.Context(), &question{"a"})
	require.Equal(t, errFailed, err)
	require.Nil(t, got, "there is no response beside an error")

	e.SetError(errFailed)
	got, err = field(t.Context(), &question{"a"})
	require.Equal(t, errFailed, err)
	require.Nil(t, got)
}

// TestPlace checks that each attempt has a response of its own.
func TestPlace(t *testing.T) {
	t.Parallel()
	own := &reply{}
	m := &shell.Messages{Resp: own}
	require.Same(t, own, m.Place())
	own.Text = "first"
	second, third := m.Place().(*reply), m.Place().(*reply)
	require.NotSame(t, own, second)
	require.NotSame(t, second, third)
	require.Zero(t, *second)
}

// reusing is an exchange that keeps no pointer to the messages. It sees whether
// there is something of another call in them.
type reusing struct{ seen, text string }

func (x *reusing) Decode(m *shell.Messages) error {
	m.Reuse = true
	req := m.Req.(*question)
	x.seen = req.Text + m.Resp.(*reply).Text
	req.Text = x.text
	return nil
}

func (x *reusing) Encode(m *shell.Messages) error {
	x.text = m.Resp.(*reply).Text
	return nil
}

// TestEraseReused checks that nothing of one call is in the messages of the next, on
// a server and on a client, and that those of a call without Reuse are its own.
func TestEraseReused(t *testing.T) {
	t.Parallel()
	var p parts
	field := ask(echo)
	shell.EraseReused(&field, &p)
	p[0].Read()
	for range 3 {
		x := reusing{text: "a"}
		require.NoError(t, p[0].Serve(t.Context(), &x))
		require.Equal(t, reusing{text: "a!"}, x)
	}

	reuse := true
	var kept []*question
	p[0].Call = func(_ context.Context, v any) (any, error) {
		m := v.(*shell.Messages)
		m.Reuse = reuse
		kept = append(kept, m.Req.(*question))
		resp := m.Place().(*reply)
		resp.Text += m.Req.(*question).Text
		return resp, nil
	}
	p[0].Set()
	for range 3 {
		got, err := field(t.Context(), question{"a"})
		require.NoError(t, err)
		require.Equal(t, reply{"a"}, got)
	}
	reuse, kept = false, nil
	for range 3 {
		_, err := field(t.Context(), question{"b"})
		require.NoError(t, err)
	}
	require.Equal(t, []*question{{"b"}, {"b"}, {"b"}}, kept)
	require.NotSame(t, kept[1], kept[2])
}
