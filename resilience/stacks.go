package resilience

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
)

// The roles of layers in the stacks of [ClientStack] and [ServerStack], which
// list them in their order. A layer tells its role by a method Role() string;
// [At] gives one to any layer. Packages that know nothing of this one, such as
// those of telemetry, return the text itself.
const (
	RoleTelemetry        = "telemetry"         // logs, traces, metrics: sees every call
	RoleShed             = "shed"              // refuses calls when the server is overloaded; for servers
	RoleAuth             = "auth"              // on a server: names the caller; on a client: adds credentials
	RoleClientLimit      = "client-limit"      // a limit for each client of a server
	RoleCallTimeout      = "call-timeout"      // bounds a call with all its attempts; for clients
	RoleRetry            = "retry"             // makes further attempts; for clients
	RoleHedge            = "hedge"             // makes attempts side by side; for clients
	RoleAttemptTelemetry = "attempt-telemetry" // sees every attempt; for clients
	RoleThrottler        = "throttler"         // rejects what an overloaded server would reject; for clients
	RoleBreaker          = "breaker"           // rejects calls of an operation that keeps failing
	RoleRate             = "rate"              // limits how many calls begin in a time
	RoleConcurrency      = "concurrency"       // limits how many calls run at the same time
	RoleTimeout          = "timeout"           // bounds an attempt, or a call that is served
)

// ClientStack returns the recommended stack of a client. It orders the layers by
// their roles, whatever the order of the arguments, and adds defaults for what
// every client should have.
//
//	RoleTelemetry         any number
//	RoleCallTimeout
//	RoleRetry             by default NewRetry(3)
//	RoleHedge
//	RoleAttemptTelemetry  any number
//	RoleThrottler
//	RoleBreaker           by default NewBreaker(20, Window(10 s), Ratio(0.5))
//	RoleRate              any number
//	RoleConcurrency       any number
//	RoleTimeout           by default 10 s, but none for streams
//	RoleAuth              any number
//
// Telemetry is outermost, so it sees every call, including those that a policy
// rejects. What is below the hedge runs for each attempt: the Breaker sees every
// failure, limits count every call that the server gets, nothing is held while a
// repeat waits, and credentials are fresh. The Breaker is outside the limits, so
// calls that it rejects do not use them up; a call that a limit rejects is not a
// failure of the server.
//
// A layer replaces the default of its role. So does a layer for some operations,
// by [endpoint.Only], which has the role of the layer inside. [At] places a layer
// at another role than its own, and one without a role. [Without] leaves a default
// out. Of two Timeouts the longer gets RoleCallTimeout, unless At placed one. A
// Timeout that is given bounds streams as well.
//
// These are faults, which Client reports together with those of the layers: a nil
// argument, a layer without a role, an unknown role, a role for servers, two layers
// for all operations at a role that takes one, and a Without that leaves nothing
// out.
func ClientStack(layers ...endpoint.Layer) endpoint.Stack {
	a := arrangement{by: "ClientStack", seats: clientSeats(), others: serverSeats(), otherSide: "servers"}
	return a.arrange(placeLonger(layers))
}

// ServerStack returns the recommended stack of a server. It arranges layers as
// [ClientStack] does, in this order:
//
//	RoleTelemetry    any number
//	RoleAuth         any number
//	RoleClientLimit  any number
//	RoleShed         by default NewShed()
//	RoleBreaker
//	RoleRate         any number
//	RoleConcurrency  any number
//	RoleTimeout      by default 30 s, but none for streams
//
// A transport reads the request between the limits for each client and the Shed, the
// first layer whose places calls take: see [endpoint.Admitter]. So a caller without
// credentials, or one who asks too much, is refused before the body is read, and one
// who sends slowly holds no place, but does count for [AtOnce]. Credentials are
// checked outside the limits for each client, which need the client's name. A Shed
// that has no room refuses a call before that, outside RoleAuth, which spares an
// overloaded server the work. A call does not use up a limit that others share when
// it is rejected for its own. A layer that sets priorities for the Shed goes before
// the stack.
func ServerStack(layers ...endpoint.Layer) endpoint.Stack {
	a := arrangement{by: "ServerStack", seats: serverSeats(), others: clientSeats(), otherSide: "clients"}
	return a.guarded(a.arrange(layers))
}

// At returns l as an argument of [ClientStack] and [ServerStack] that places it
// at the role, whatever role it has itself. It has no other use: Mount and Client
// report it as a fault.
func At(role string, l endpoint.Layer) endpoint.Layer {
	return placed{misplaced("At", role), role, l}
}

// Without returns an argument of [ClientStack] and [ServerStack] that leaves out
// the default of the role. It is a fault where the role has no default, and where
// another layer has replaced it. It has no other use: Mount and Client report it
// as a fault.
func Without(role string) endpoint.Layer { return omitted{misplaced("Without", role), role} }

// placed is a layer at a role.
type placed struct {
	faulty // what is wrong with it elsewhere
	role   string
	layer  endpoint.Layer
}

// Role makes the stack accept an Only around p, whose fault it then reports.
func (p placed) Role() string { return p.role }

func (p placed) applyTo(a *arrangement) {
	if isNil(p.layer) {
		a.fault("At(%q): the layer is nil", p.role)
		return
	}
	a.place(p.role, p.layer)
}

// omitted is a role without its default.
type omitted struct {
	faulty // what is wrong with it elsewhere
	role   string
}

// Role is as that of placed.
func (o omitted) Role() string { return o.role }

func (o omitted) applyTo(a *arrangement) {
	if s := a.seat(o.role, "Without"); s != nil {
		s.omitted = true
	}
}

func misplaced(option, role string) faulty {
	return faulty{fmt.Errorf("resilience: %s(%q): it is an argument of ClientStack and ServerStack only", option, role)}
}

// A seat is the place of a role in a stack. See decision 117.
type seat struct {
	role      string
	several   bool                  // it takes any number of layers
	byDefault func() endpoint.Layer // nil for none

	layers  []endpoint.Layer
	omitted bool // the default
}

// clientSeats returns the seats of a client's stack, the outermost first.
// See decision 118.
func clientSeats() []seat {
	return []seat{
		{role: RoleTelemetry, several: true},
		{role: RoleCallTimeout},
		{role: RoleRetry, byDefault: func() endpoint.Layer { return NewRetry(3) }},
		{role: RoleHedge},
		{role: RoleAttemptTelemetry, several: true},
		{role: RoleThrottler},
		{role: RoleBreaker, byDefault: func() endpoint.Layer { return NewBreaker(20, Window(10*time.Second), Ratio(0.5)) }},
		{role: RoleRate, several: true},
		{role: RoleConcurrency, several: true},
		{role: RoleTimeout, byDefault: func() endpoint.Layer { return endpoint.Only(NewTimeout(10*time.Second), isUnary) }},
		{role: RoleAuth, several: true},
	}
}

// serverSeats returns the seats of a server's stack, the outermost first.
func serverSeats() []seat {
	return []seat{
		{role: RoleTelemetry, several: true},
		{role: RoleAuth, several: true},
		{role: RoleClientLimit, several: true},
		{role: RoleShed, byDefault: func() endpoint.Layer { return NewShed() }},
		{role: RoleBreaker},
		{role: RoleRate, several: true},
		{role: RoleConcurrency, several: true},
		{role: RoleTimeout, byDefault: func() endpoint.Layer { return endpoint.Only(NewTimeout(30*time.Second), isUnary) }},
	}
}

func isUnary(op *endpoint.Operation) bool { return op.Streams == endpoint.Unary }

// placeLonger returns layers with the longer of two Timeouts at RoleCallTimeout.
func placeLonger(layers []endpoint.Layer) []endpoint.Layer {
	type limited interface{ limit() time.Duration }
	var found []int
	for i, l := range layers {
		if _, ok := l.(limited); ok && !isNil(l) {
			found = append(found, i)
		}
	}
	if len(found) != 2 {
		return layers
	}
	longer := found[0]
	if layers[found[1]].(limited).limit() > layers[longer].(limited).limit() {
		longer = found[1]
	}
	layers = slices.Clone(layers)
	layers[longer] = At(RoleCallTimeout, layers[longer])
	return layers
}

// An arrangement is a stack that is being put together.
type arrangement struct {
	construction
	seats     []seat // the outermost first
	others    []seat // of the other side's stack
	otherSide string
}

func (a *arrangement) fault(format string, args ...any) { a.check(false, format, args...) }

// arrange returns the layers in the order of their seats, or all faults.
func (a *arrangement) arrange(layers []endpoint.Layer) endpoint.Stack {
	for i, l := range layers {
		a.take(i, l)
	}
	var stack endpoint.Stack
	for i := range a.seats {
		stack = append(stack, a.settled(&a.seats[i])...)
	}
	if err := errors.Join(a.faults...); err != nil {
		return endpoint.Stack{faulty{err}}
	}
	return stack
}

// guarded returns the stack of a server with a gate to the first layer that takes
// places, outside the layers that check credentials.
func (a *arrangement) guarded(stack endpoint.Stack) endpoint.Stack {
	if len(a.faults) > 0 || len(a.seats[indexOf(a.seats, RoleAuth)].layers) == 0 {
		return stack
	}
	outside := len(a.seats[indexOf(a.seats, RoleTelemetry)].layers)
	if places := firstAdmitter(stack[outside:]); places != nil {
		return slices.Insert(stack, outside, endpoint.Layer(gate{places}))
	}
	return stack
}

// firstAdmitter returns the first layer that takes places, or nil. A Stack has the
// method, but only its layers take places.
func firstAdmitter(stack endpoint.Stack) endpoint.Admitter {
	for _, l := range stack {
		switch l := l.(type) {
		case endpoint.Stack:
			if inner := firstAdmitter(l); inner != nil {
				return inner
			}
		case endpoint.Admitter:
			return l
		}
	}
	return nil
}

// take seats the argument i of a stack.
func (a *arrangement) take(i int, l endpoint.Layer) {
	if isNil(l) {
		a.fault("argument %d is nil", i)
		return
	}
	if argument, ok := l.(interface{ applyTo(a *arrangement) }); ok {
		argument.applyTo(a)
		return
	}
	inner := unwrapped(l)
	r, ok := inner.(roled)
	if !ok {
		a.includeErr(l)
		a.fault("%T has no role: place it by At", inner)
		return
	}
	a.place(r.Role(), l)
}

// includeErr notes the faults that l has itself.
func (a *arrangement) includeErr(l endpoint.Layer) {
	if f, ok := l.(interface{ Err() error }); ok {
		a.include(f.Err())
	}
}

// place seats l at a role.
func (a *arrangement) place(role string, l endpoint.Layer) {
	a.includeErr(l)
	if s := a.seat(role, fmt.Sprintf("%T", unwrapped(l))); s != nil {
		s.layers = append(s.layers, l)
	}
}

// seat returns the seat of a role, or nil and notes the fault of what asked for it.
func (a *arrangement) seat(role, what string) *seat {
	if i := indexOf(a.seats, role); i >= 0 {
		return &a.seats[i]
	}
	if indexOf(a.others, role) >= 0 {
		a.fault("%s: the role %q is for %s", what, role, a.otherSide)
	} else {
		a.fault("%s: the role %q is unknown, want one of %s", what, role, a.roles())
	}
	return nil
}

func indexOf(seats []seat, role string) int {
	return slices.IndexFunc(seats, func(s seat) bool { return s.role == role })
}

func (a *arrangement) roles() string {
	names := make([]string, len(a.seats))
	for i, s := range a.seats {
		names[i] = s.role
	}
	return strings.Join(names, ", ")
}

// settled returns the layers of a seat, with its default, and notes what is wrong
// with them together.
func (a *arrangement) settled(s *seat) []endpoint.Layer {
	var all []string // the types of the layers for all operations
	for _, l := range s.layers {
		if _, some := l.(wrapper); !some {
			all = append(all, fmt.Sprintf("%T", l))
		}
	}
	if len(all) > 1 && !s.several {
		a.fault("the role %q takes one layer for all operations, got %s", s.role, strings.Join(all, ", "))
	}
	switch isDefault := s.layers == nil && s.byDefault != nil; {
	case s.omitted && !isDefault:
		a.fault("Without(%q): there is no default to leave out", s.role)
	case !s.omitted && isDefault:
		return []endpoint.Layer{s.byDefault()}
	}
	return s.layers
}

// roled is a layer that knows its role.
type roled interface{ Role() string }

// wrapper is a layer that applies another one to some operations, as that of
// endpoint.Only.
type wrapper interface{ Unwrap() endpoint.Layer }

// unwrapped returns the layer that tells the role of l: l itself or what it wraps.
func unwrapped(l endpoint.Layer) endpoint.Layer {
	for !isNil(l) {
		w, ok := l.(wrapper)
		if _, known := l.(roled); known || !ok {
			break
		}
		l = w.Unwrap()
	}
	return l
}

// isNil reports whether l, a layer or a bucket, is nil or a nil pointer or func.
func isNil(l any) bool {
	if l == nil {
		return true
	}
	switch v := reflect.ValueOf(l); v.Kind() {
	case reflect.Pointer, reflect.Func:
		return v.IsNil()
	}
	return false
}
