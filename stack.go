package endpoint

import (
	"context"
	"errors"
	"fmt"
)

// A Stack is a list of layers, the first outermost. It is the shared currency
// for a whole service or client: the Use options of the transports take its
// layers. Wrap puts it around one endpoint. A nil Stack does nothing.
//
// These laws hold for every Stack, wherever it is used:
//
//   - Stack{A, B}.Wrap(e) = A(B(e)): Enter runs from the first to the last,
//     Exit from the last to the first.
//   - Use(A), Use(B) = Use(A, B), all of it outside the Chain of an endpoint.
//   - A refusal by Enter is an error for the layers outside; nothing inside
//     runs, nor the refusing layer's Exit.
//   - Exit runs exactly once for each Enter that did not refuse. It may replace
//     an error, and may turn a success into an error; nil for an error leaves
//     it standing.
//   - On a panic every entered Exit runs with a [*PanicError], its result is
//     ignored, and the panic goes on with the value it had.
//   - Around a [Stream], layers enter when its loop starts and exit when it
//     ends; a break is [ErrStopped].
//   - A stack in a stack is as its layers in its place.
//
// A layer that has a method Err() error, with the faults of its construction,
// is asked: the shells of a transport report all faults at once, and an
// endpoint of Wrap refuses every call with them. Such faults are also a [Hedger]
// outside a [Repeater], because each hedged attempt would repeat by itself, and
// the same layer with that method twice, because each call would pay it twice.
type Stack []Layer

// maxFrame is how many layers share one frame on the goroutine's stack. Longer
// stacks nest; with more in one frame, short stacks would pay for clearing it.
const maxFrame = 4

// Bind returns the stack as it is for one operation, on the side that the
// operation names, or all the faults of its layers. Each [Resolver] is asked once. The result is
// for the Wrap of that transport's shell only, inside the Call that it starts. If the
// operation requires proof of who calls, Bind adds a layer that refuses other calls,
// inside the last [Verifier].
// For authors of transports.
func (s Stack) Bind(op *Operation) (Stack, error) {
	p := compile(s, op)
	if p.err != nil {
		return nil, p.err
	}
	layers, err := guard(p.layers, op)
	p.err = err
	bound := make(Stack, 0, len(layers)+1)
	if op.Side == ClientSide || op.Side == ServerSide && len(layers) > 0 {
		bound = append(bound, boundary{op: op})
	}
	for _, l := range layers {
		switch l.(type) {
		case Repeater, Hedger:
			if op.Side == ServerSide {
				p.err = errors.Join(p.err, fmt.Errorf("endpoint: %s repeats calls and is for clients: a server that repeats runs its handler twice", typeName(l)))
			}
		}
		bound = append(bound, l)
	}
	if p.err != nil {
		return nil, p.err
	}
	return bound, nil
}

// Enter enters the layers of s in order, for callers that run a Stack as one
// Layer by hand; every shell of the toolkit uses the layers one by one. It
// refuses a Stack with a [Repeater] or a [Hedger], which cannot do their work
// so.
func (s Stack) Enter(ctx context.Context) (context.Context, Token, error) {
	// See decision 3.
	p := compile(s, nil)
	for _, seg := range p.segments {
		if seg.kind != plain {
			p.err = errors.Join(p.err, fmt.Errorf("endpoint: %s repeats calls: it cannot be entered by hand", typeName(seg.layers[0])))
		}
	}
	if p.err != nil {
		return ctx, Token{}, Errorf(Internal, "%w", p.err)
	}
	run := &stackRun{frames: make([]frame, len(p.segments))}
	for i, seg := range p.segments {
		run.frames[i].layers = seg.layers
	}
	inner, err := run.enter(ctx, 0)
	if err != nil {
		return ctx, Token{}, err
	}
	return inner, Token{P: run}, nil
}

// Exit exits the layers that Enter entered, the last first.
func (s Stack) Exit(_ context.Context, t Token, err error) error {
	run, ok := t.P.(*stackRun)
	if !ok {
		return err
	}
	return run.exit(0, err)
}

// stackRun is a Stack that was entered by hand. Its two methods call themselves
// for the frames inside, so that a panic of one passes through those around it.
type stackRun struct{ frames []frame }

func (r *stackRun) enter(ctx context.Context, i int) (context.Context, error) {
	if i == len(r.frames) {
		return ctx, nil
	}
	f := &r.frames[i]
	defer f.unwind()
	inner, err := f.enter(ctx)
	if err == nil {
		inner, err = r.enter(inner, i+1)
	}
	if err != nil {
		return ctx, f.exit(err)
	}
	f.finished = true // until Exit there is nothing to unwind
	return inner, nil
}

func (r *stackRun) exit(i int, err error) error {
	if i == len(r.frames) {
		return err
	}
	f := &r.frames[i]
	f.finished = false
	defer f.unwind()
	return f.exit(r.exit(i+1, err))
}

// boundary marks the stack of a shell. In that of a client, attempts fork the
// client's Call. In that of a server, errors are those that the server answers with.
// In any other stack the nearest Call belongs to somebody else. See decision 4.
type boundary struct {
	op    *Operation
	split bool // the other layers are inside of these: see Split
}

func (boundary) Enter(ctx context.Context) (context.Context, Token, error) { return ctx, Token{}, nil }
func (boundary) Exit(_ context.Context, _ Token, err error) error          { return err }

// plan is a stack made ready, for Wrap around an endpoint.
type plan struct {
	layers   []Layer
	segments []segment
	err      error

	erased     func(ctx context.Context, req any) (any, error)
	out        anyStream // the nil stream of the response's type
	streamsIn  bool      // the request is a stream
	streamsOut bool      // the response is a stream
	boxed      bool      // a segment needs requests and responses of type any, or err is set
}

type segmentKind uint8

const (
	plain segmentKind = iota
	repeating
	hedging
)

// segment is what one shell runs: up to maxFrame layers, or one Repeater, or
// one Hedger.
type segment struct {
	kind   segmentKind
	layers []Layer
	items  bool       // one of layers is a Streamer
	bound  bool       // inside a client's shell
	outer  bool       // the outermost one
	inmost bool       // the innermost one
	served *Operation // of a server's shell; else nil
	paced  bool       // the request is a stream
}

func compile(s Stack, op *Operation) plan {
	var p plan
	flat := flattening{op: op}
	flat.add(s, true)
	faults := flat.faults
	for _, l := range flat.layers {
		if _, ok := l.(boundary); !ok {
			p.layers = append(p.layers, l)
		}
	}
	edge, _ := first(s).(boundary)
	hedger := Layer(nil)
	for _, l := range p.layers {
		kind := plain
		switch l.(type) {
		case Hedger:
			kind, hedger = hedging, l
		case Repeater:
			kind = repeating
			if hedger != nil {
				faults = append(faults, fmt.Errorf("endpoint: %s stands outside %s: each hedged attempt would repeat by itself; put the retry outside", typeName(hedger), typeName(l)))
			}
		}
		p.add(kind, l)
	}
	for i := range p.segments {
		s := &p.segments[i]
		s.outer, s.inmost = i == 0, i == len(p.segments)-1 && !edge.split
		switch {
		case edge.op == nil:
		case edge.op.Side == ServerSide:
			s.served = edge.op
		default:
			s.bound = true
		}
	}
	p.err = errors.Join(faults...)
	return p
}

// typeName names the type of a policy, also under Only.
func typeName(l Layer) string {
	switch o := l.(type) {
	case onlyRepeater:
		l = o.layer
	case onlyHedger:
		l = o.layer
	}
	return fmt.Sprintf("%T", l)
}

func first(s Stack) Layer {
	if len(s) == 0 {
		return nil
	}
	return s[0]
}

// add puts a layer into the last segment if it fits, else into a new one.
func (p *plan) add(kind segmentKind, l Layer) {
	last := len(p.segments) - 1
	if last < 0 || kind != plain || p.segments[last].kind != plain || len(p.segments[last].layers) == maxFrame {
		p.segments = append(p.segments, segment{kind: kind})
		last++
	}
	s := &p.segments[last]
	s.layers = append(s.layers, l)
	if _, ok := l.(Streamer); ok && kind == plain {
		s.items = true
	}
}
