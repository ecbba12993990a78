package transporttest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/internal/mark"
)

// relayer is a layer that passes on what another one does, without its other
// abilities.
type relayer struct{ endpoint.Layer }

// twice is a layer whose Exit runs twice.
type twice struct{ endpoint.Layer }

func (l twice) Exit(ctx context.Context, t endpoint.Token, err error) error {
	_ = l.Layer.Exit(ctx, t, err)
	return l.Layer.Exit(ctx, t, err)
}

// never is a layer whose Exit does not run.
type never struct{ endpoint.Layer }

func (never) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// deaf is a layer whose Exit changes nothing.
type deaf struct{ endpoint.Layer }

func (l deaf) Exit(ctx context.Context, t endpoint.Token, err error) error {
	_ = l.Layer.Exit(ctx, t, err)
	return err
}

// each returns the fault of a transport that puts its own layer around each one
// of the plain layers.
func each(around func(l endpoint.Layer) endpoint.Layer) faults {
	return faults{layers: func(s endpoint.Stack, _ *endpoint.Operation) endpoint.Stack {
		var all endpoint.Stack
		for _, l := range s {
			switch l.(type) {
			case endpoint.Repeater, endpoint.Hedger, endpoint.Resolver:
				all = append(all, l)
			default:
				all = append(all, around(l))
			}
		}
		return all
	}}
}

// answering returns the fault of a server that sends another error.
func answering(answer func(sent *endpoint.Error, err error) *endpoint.Error) faults {
	return faults{answer: answer}
}

// parts are those of an error that goes over a wire.
type parts struct {
	domain, reason, message string
	violations              []endpoint.Violation
	retry                   time.Duration
	help                    []endpoint.Link
	meta                    map[string]string
}

// rebuilding returns the fault of a server that changes parts of each error.
func rebuilding(change func(e *parts)) faults {
	return answering(func(sent *endpoint.Error, _ error) *endpoint.Error {
		p := parts{sent.Domain(), sent.Reason(), sent.Message(), sent.Violations(), sent.RetryAfter(), sent.Help(), sent.Meta()}
		change(&p)
		e := endpoint.FromWire(sent.Code(), p.domain, p.reason, p.message).
			WithViolations(p.violations...).WithRetryAfter(p.retry).WithHelp(p.help...)
		for key, value := range p.meta {
			e = e.WithMeta(key, value)
		}
		return e
	})
}

// detached returns a context that the client does not end.
func detached(client context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if deadline, ok := client.Deadline(); ok {
		ctx, cancel = context.WithDeadline(context.Background(), deadline)
	}
	return ctx, cancel
}

// timeless returns a context without the client's deadline.
func timeless(client context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(client, cancel)
	return ctx, func() { stop(); cancel() }
}

// behind returns the items of a stream, of which one is held back.
func behind(items endpoint.Stream[any]) endpoint.Stream[any] {
	return func(yield func(any, error) bool) {
		var last any
		for packed, err := range items {
			if err != nil {
				yield(nil, err)
				return
			}
			if last != nil && !yield(last, nil) {
				return
			}
			last = packed
		}
	}
}

// ahead returns the items of a stream, of which all are made at once.
func ahead(items endpoint.Stream[any]) endpoint.Stream[any] {
	all, err := items.Collect()
	return func(yield func(any, error) bool) {
		for _, packed := range all {
			if !yield(packed, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// State that calls of some faults share.
var (
	shared [1 << 20]byte // the buffer of every message
	latest atomic.Pointer[transporttest.Message]
)

type (
	cases = []transporttest.Case
	fault struct {
		faults

		cases cases  // that fail
		says  string // what each of their messages matches
	}
)

var allFaults = map[string]fault{
	"serves anyone": {
		faults{public: true},
		cases{transporttest.Credentials},
		`the error is OK "", want PERMISSION_DENIED "endpoint/SCOPE_MISSING"|token known: the handler ran: got true`,
	},
	"refuses in words of its own": {
		faults{result: func(err error) error {
			if endpoint.CodeOf(err) == endpoint.Unauthenticated {
				return endpoint.Errorf(endpoint.Unauthenticated, "refused")
			}
			return err
		}},
		cases{transporttest.Credentials, transporttest.RefusedCredentials},
		`want UNAUTHENTICATED "endpoint/UNAUTHENTICATED"|with the token after the one that was refused|tokens: got 1|calls of the handler: got 1|attempts: got 4`,
	},
	"loses the identity of an error": {
		rebuilding(func(e *parts) { e.domain, e.reason = "", "" }),
		cases{transporttest.DeclaredErrors, transporttest.UndeclaredErrors, transporttest.LateErrors},
		`the error is [A-Z_]+ "" .*, want [A-Z_]+ "zoo/|errors.Is does not find the declared error|the layers of the client got no: 7, want declared`,
	},
	"loses the message of an error": {
		rebuilding(func(e *parts) { e.message = "" }),
		cases{transporttest.Codes, transporttest.DeclaredErrors},
		`the error is ([A-Z_]+ ".*") "[a-z ]+", want ([A-Z_]+ ".*") "(message of \d+|declared|no: 7)"$`,
	},
	"loses the violations of an error": {
		rebuilding(func(e *parts) { e.violations = nil }),
		cases{transporttest.ErrorDetails, transporttest.EarlyErrors},
		`the error is [A-Z_]+ "\S*" "[^"]*"( retry| links| metadata|, want).* violations \[`,
	},
	"loses the time to wait": {
		rebuilding(func(e *parts) { e.retry = 0 }),
		cases{transporttest.ErrorDetails, transporttest.Gateways},
		`, want .* retry after `,
	},
	"rounds the time to wait": {
		rebuilding(func(e *parts) { e.retry = e.retry.Round(time.Second) }),
		cases{transporttest.ErrorDetails},
		`, want .* retry after (1ms|1.2s)`,
	},
	"loses the links of an error": {
		rebuilding(func(e *parts) { e.help = nil }),
		cases{transporttest.ErrorDetails},
		`, want .* links \[`,
	},
	"loses the metadata of an error": {
		rebuilding(func(e *parts) { e.meta = nil }),
		cases{transporttest.ErrorDetails},
		`, want .* metadata map\[`,
	},
	"sends the cause of an error": {
		answering(func(sent *endpoint.Error, err error) *endpoint.Error { return sent.With("%s", err.Error()) }),
		cases{transporttest.PlainErrors, transporttest.UnwritableResponses},
		`the error (is .*, want .*"$|shows what must not be sent)`,
	},
	"sends the value of a panic": {
		answering(func(sent *endpoint.Error, err error) *endpoint.Error {
			if p, ok := errors.AsType[*endpoint.PanicError](err); ok {
				return sent.With("%v", p.Value)
			}
			return sent
		}),
		cases{transporttest.HandlerPanics, transporttest.LayerPanics, transporttest.CodecPanics},
		`the error is INTERNAL "" ".+", want INTERNAL "" "internal error"|the error shows what must not be sent`,
	},
	"breaks off after a panic": {
		answering(func(sent *endpoint.Error, err error) *endpoint.Error {
			if _, ok := errors.AsType[*endpoint.PanicError](err); ok {
				return endpoint.Errorf(endpoint.Unavailable, "the connection broke")
			}
			return sent
		}),
		cases{transporttest.HandlerPanics, transporttest.LayerPanics, transporttest.CodecPanics, transporttest.ErrorPanics, transporttest.HookPanics},
		`the error is UNAVAILABLE "" "the connection broke", want INTERNAL "" "internal error"`,
	},
	"passes on every error of a service behind": {
		answering(func(_ *endpoint.Error, err error) *endpoint.Error { return endpoint.ErrorOf(err) }),
		cases{transporttest.Gateways},
		`the error is .*, want (INTERNAL "" "internal error"|[A-Z_]+ "" ".*")`,
	},
	"makes every error of an unknown one": {
		answering(func(sent *endpoint.Error, _ error) *endpoint.Error {
			return endpoint.Errorf(endpoint.Unknown, "%s", sent.Message())
		}),
		cases{transporttest.Codes},
		`the error is UNKNOWN .*, want |is not a context.DeadlineExceeded`,
	},
	"takes every error for its own": {
		faults{result: func(err error) error {
			if err == nil {
				return nil
			}
			return endpoint.ErrorOf(err).With("%s", endpoint.ErrorOf(err).Message())
		}},
		cases{transporttest.Delivery},
		`(MaybeSent|Retryable): got (false|true), want (true|false)`,
	},
	"repeats what it must not": {
		faults{result: func(err error) error {
			if err == nil {
				return nil
			}
			return endpoint.MarkNotSent(err)
		}},
		cases{transporttest.Delivery},
		`(NotSent|MaybeSent|Retryable): got (false|true), want (true|false)`,
	},

	"answers a malformed request as a defect": {
		answering(func(sent *endpoint.Error, err error) *endpoint.Error {
			if errors.Is(err, codec.ErrInvalid) {
				return endpoint.Errorf(endpoint.Internal, "internal error")
			}
			return sent
		}),
		cases{transporttest.UnreadableRequests},
		`the error is INTERNAL "", want INVALID_ARGUMENT "endpoint/INVALID_REQUEST"`,
	},
	"checks no rules": {
		faults{lawless: true},
		cases{transporttest.Rules},
		`the error is OK "", want INVALID_ARGUMENT "endpoint/INVALID_REQUEST"|the violations: got \[\]|the handler got a message: got true`,
	},
	"keeps the violations to itself": {
		answering(func(sent *endpoint.Error, _ error) *endpoint.Error {
			if errors.Is(sent, codec.ErrInvalid) {
				return codec.ErrInvalid
			}
			return sent
		}),
		cases{transporttest.Rules},
		`the violations: got \[\], want \[`,
	},
	"takes its own errors for answers": {
		faults{result: func(err error) error {
			if e := endpoint.ErrorOf(err); e != nil && !e.Remote() {
				return endpoint.FromWire(e.Code(), e.Domain(), e.Reason(), e.Message())
			}
			return err
		}},
		cases{transporttest.UnreadableResponses, transporttest.UnwritableRequests, transporttest.Unreachable},
		`the error of the client is Remote|(NotSent|Retryable): got false, want true`,
	},
	"speaks of its server": {
		faults{result: func(err error) error {
			if endpoint.NotSent(err) {
				return endpoint.MarkNotSent(endpoint.Errorf(endpoint.CodeOf(err), "the server is gone"))
			}
			return err
		}},
		cases{transporttest.Unreachable},
		`the message: got the server is gone, want temporarily unavailable`,
	},
	"sends invalid texts": {
		faults{rawTexts: true},
		cases{transporttest.ErrorText},
		`the error is .*\\xff.*, want .*\x{fffd}`,
	},
	"sends all violations": {
		answering(func(sent *endpoint.Error, err error) *endpoint.Error {
			if all := endpoint.ErrorOf(err).Violations(); len(all) > 50 {
				return sent.WithViolations(all[50:]...)
			}
			return sent
		}),
		cases{transporttest.ErrorLimits},
		`(too many violations|of a service behind): .*/59`,
	},
	"answers a timeout as a defect": {
		answering(func(sent *endpoint.Error, _ error) *endpoint.Error {
			if sent.Code() == endpoint.DeadlineExceeded {
				return endpoint.Errorf(endpoint.Internal, "internal error")
			}
			return sent
		}),
		cases{transporttest.ServerTimeout},
		`the error is INTERNAL "" "internal error", want DEADLINE_EXCEEDED`,
	},

	"drops the headers of a request": {
		faults{header: func(h map[string][]string) { clear(h) }},
		cases{transporttest.RequestHeaders, transporttest.BinaryHeaders, transporttest.LayerHeaders, transporttest.GatewayHeaders},
		`the header of the handler: got \[\]|headers of the handler: got map\[|the header at the (server's layers|gateway): got \[\]|the list at the handler is ""`,
	},
	"keeps one value of a header": {
		faults{header: func(h map[string][]string) {
			for k := range h {
				h[k] = h[k][:1]
			}
		}},
		cases{transporttest.LayerHeaders},
		`the list at the handler is "a", want a and b`,
	},
	"cleans the bytes of a header": {
		faults{header: func(h map[string][]string) {
			for _, vs := range h {
				vs[0] = strings.ToValidUTF8(vs[0], "?")
			}
		}},
		cases{transporttest.BinaryHeaders},
		`the header of the handler: got`,
	},
	"drops the reply of an error": {
		faults{reply: func(h *endpoint.Header, err error) {
			if err != nil {
				*h = endpoint.Header{}
			}
		}},
		cases{transporttest.ReplyHeaders, transporttest.BinaryHeaders},
		`an error: the (list in the )?reply(:| is)|, (an error|a refusal inside): the reply of (Enter|Exit): got \[\]`,
	},
	"sends any header": {
		faults{unchecked: true},
		cases{transporttest.OwnedHeaders},
		`the error is no error, want INVALID_ARGUMENT|the code of the error is OK|layers got <nil>|the handler ran: got true`,
	},
	"adds headers to those of the Call": {
		faults{addsHeader: true},
		cases{transporttest.CallHeaders},
		`the header of the client's Call has the keys \[content-type x-caller x-layer\]`,
	},

	"releases a target twice": {
		faults{releases: 1},
		cases{transporttest.Values, transporttest.Releases},
		`^target: an attempt was released twice$`,
	},
	"does not release a target": {
		faults{releases: -1},
		cases{transporttest.Values, transporttest.Releases},
		`^target: \d+ attempts were acquired and 0 released$|1 attempts were acquired and 0 released, want one`,
	},
	"does not release a target after a panic": {
		faults{keepsTargets: true},
		cases{transporttest.Releases, transporttest.LoopPanics, transporttest.ClientCodecPanics},
		`\d attempts were acquired and \d released`,
	},
	"gives every target a success": {
		faults{result: func(error) error { return nil }},
		cases{transporttest.Releases},
		`the target got the outcome <nil>`,
	},

	"runs Exit twice": {
		each(func(l endpoint.Layer) endpoint.Layer { return twice{l} }),
		cases{transporttest.Values, transporttest.Exits},
		`^(server|client): Exit of a layer ran twice for one Enter$|entered the`,
	},
	"does not run Exit": {
		each(func(l endpoint.Layer) endpoint.Layer { return never{l} }),
		cases{transporttest.Values},
		`^(server|client): Enter of a layer ran \d+ times and Exit 0 times$`,
	},
	"ignores what Exit returns": {
		each(func(l endpoint.Layer) endpoint.Layer { return deaf{l} }),
		cases{transporttest.LayerResults},
		`replaced on the (server|client): the error is .*, want FAILED_PRECONDITION "zoo/DECLARED"`,
	},
	"shows no items to its layers": {
		each(func(l endpoint.Layer) endpoint.Layer { return relayer{l} }),
		cases{transporttest.Streamers},
		`items at the (server|client)'s layers: got 0|refused by the (server|client)(: items: got 10, want 3|: the error is no error)`,
	},
	"turns its layers around": {
		faults{layers: func(s endpoint.Stack, _ *endpoint.Operation) endpoint.Stack {
			s = slices.Clone(s)
			slices.Reverse(s)
			return s
		}},
		cases{transporttest.LayerOrder},
		`got \[enter client 2 enter client 1`,
	},
	"forgets the layers of streams": {
		faults{layers: func(s endpoint.Stack, op *endpoint.Operation) endpoint.Stack {
			if op.Streams != endpoint.Unary {
				return nil
			}
			return s
		}},
		cases{transporttest.LayerRefusals, transporttest.LayerOrder},
		`(ServerStream|ClientStream|Bidi).*(got \[handler\]|: the error is|want that of the layer|the hook was|attempts: got|reached the server: got|context: got <nil>|context of Acquire: got <nil>|ran: got true)`,
	},

	"loses the deadline": {
		faults{context: timeless},
		cases{transporttest.DeadlineSent},
		`the handler has .* left \(a deadline: false\)`,
	},
	"does not cancel the server": {
		faults{context: detached},
		cases{transporttest.Cancellation, transporttest.UnreadCancellation, transporttest.Breaks, transporttest.LoopPanics, transporttest.Hedges, transporttest.StreamHedges},
		`the end of the handler's context did not happen within|the cancellation of the loser did not happen within`,
	},
	"has no cause of a cancellation": {
		faults{result: func(err error) error {
			if endpoint.CodeOf(err) == endpoint.Canceled {
				return endpoint.Errorf(endpoint.Canceled, "canceled")
			}
			return err
		}},
		cases{transporttest.Cancellation, transporttest.EndedContext},
		`the error is not the context's`,
	},

	"takes a deadline for a cancellation": {
		faults{result: func(err error) error {
			if endpoint.CodeOf(err) == endpoint.DeadlineExceeded {
				return endpoint.Errorf(endpoint.Canceled, "canceled")
			}
			return err
		}},
		cases{transporttest.DeadlinePasses, transporttest.Exits},
		`the error is CANCELLED|is CANCELLED, want DEADLINE_EXCEEDED|is not a context.DeadlineExceeded|the client's layers got canceled`,
	},
	"waits for items of a call that has ended": {
		faults{patient: true},
		cases{transporttest.ServerTimeout},
		`while the producer waits: the end of the call did not happen within`,
	},

	"ends a call before its deadline": {
		faults{hurries: true},
		cases{transporttest.ShortDeadlines},
		`, at the (service|gateway|gateway's client): the error counts against the server: `,
	},
	"gives no server a fair time": {
		faults{takesTime: true, blamesTargets: true},
		cases{transporttest.FairDeadlines},
		`, at the (service|gateway|gateway's client): the error does not count against the server: `,
	},
	"excuses every deadline": {
		faults{result: func(err error) error {
			if endpoint.CodeOf(err) == endpoint.DeadlineExceeded {
				return mark.Never(err)
			}
			return err
		}},
		cases{transporttest.OwnDeadlines},
		`, at the (gateway|gateway's client|caller): the error does not count against the server: `,
	},
	"makes an attempt after the deadline": {
		faults{ignoresTime: true},
		cases{transporttest.PassedDeadlines},
		`attempts acquired: got 1, want 0|the error counts against the server`,
	},
	"blames targets": {
		faults{blamesTargets: true},
		cases{transporttest.BlamedTargets},
		`, at the target: the error (counts|does not count) against the server: `,
	},
	"reports the codes of services behind": {
		faults{hook: func(ctx context.Context, err error, hook func(context.Context, error)) { hook(ctx, err) }},
		cases{transporttest.ReportedCodes},
		`: the hook: the code of the error is [A-Z_]+, want INTERNAL`,
	},

	"has no hook": {
		faults{hook: func(context.Context, error, func(context.Context, error)) {}},
		cases{transporttest.Hooks, transporttest.HandlerPanics},
		`the hook was not called$`,
	},
	"calls the hook twice": {
		faults{hook: func(ctx context.Context, err error, hook func(context.Context, error)) {
			hook(ctx, err)
			hook(ctx, err)
		}},
		cases{transporttest.Hooks},
		`the hook was called 2 times`,
	},
	"hides the cause from the hook": {
		faults{hook: func(ctx context.Context, err error, hook func(context.Context, error)) {
			hook(ctx, endpoint.Errorf(endpoint.CodeOf(err), "failed"))
		}},
		cases{transporttest.Hooks},
		`the hook does not get the cause: failed$`,
	},
	"answers the panic of its hook": {
		faults{hookCosts: true},
		cases{transporttest.HookPanics},
		`the error is INTERNAL "" "internal error", want FAILED_PRECONDITION "zoo/DECLARED"`,
	},

	"takes places at once": {
		faults{takesPlaces: true},
		cases{transporttest.Places},
		`Admit of a request stream without items did not happen within|has taken a place`,
	},
	"has no limit of sizes": {
		faults{anySize: true},
		cases{transporttest.SizeLimit, transporttest.ItemSizeLimit},
		`the error is OK "", want RESOURCE_EXHAUSTED "endpoint/BODY_TOO_LARGE"|calls of the handler: got [23], want 1`,
	},
	"counts no bytes": {
		faults{uncounted: true},
		cases{transporttest.Bytes, transporttest.SizeLimit},
		`the size of the .* is 0$|the server counted 0 bytes of a request`,
	},
	"has an operation for each call": {
		faults{operations: true},
		cases{transporttest.Operations},
		`client: two calls have different operations`,
	},
	"has no status": {
		faults{noStatus: true},
		cases{transporttest.Statuses},
		`the server's status is \d+ and the client's 0`,
	},
	"has no peer": {
		faults{noPeer: true},
		cases{transporttest.Peers},
		`the Call of the client has no peer`,
	},

	"refuses an empty message": {
		faults{decode: func(data []byte) error {
			if string(data) == "{}" {
				return errors.New("there is no message")
			}
			return nil
		}},
		cases{transporttest.EmptyMessages},
		`the call failed: |messages came|the error is|calls of Empty: got 0|message 0 is`,
	},
	"refuses a large message": {
		faults{decode: func(data []byte) error {
			if len(data) > 64<<10 {
				return errors.New("there is no room")
			}
			return nil
		}},
		cases{transporttest.LargeMessages},
		`the call failed: |messages came|message 0 is`,
	},
	"mixes calls": {
		faults{message: func(_ []byte, m *transporttest.Message) {
			if before := latest.Swap(new(*m)); before != nil {
				*m = *before
			}
		}},
		cases{transporttest.ConcurrentCalls},
		`^call \d+ of \w+ got `,
	},
	"needs layers": {
		faults{layers: func(s endpoint.Stack, _ *endpoint.Operation) endpoint.Stack {
			if len(s) == 0 {
				return endpoint.Stack{endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
					return ctx, nil, errors.New("there are no layers")
				})}
			}
			return s
		}},
		cases{transporttest.NoLayers},
		`the call failed: there are no layers|messages came|the error is INTERNAL ""`,
	},
	"reads messages into one buffer": {
		faults{message: func(_ []byte, m *transporttest.Message) { m.Blob = shared[:copy(shared[:], m.Blob)] }},
		cases{transporttest.KeptValues},
		`message \d+ is \{.*\}, want \{.*\}|^race detected`,
	},
	"loses what is beyond ASCII": {
		faults{message: func(_ []byte, m *transporttest.Message) {
			m.Text = strings.Map(func(r rune) rune { return min(r, 127) }, m.Text)
		}},
		cases{transporttest.Values},
		`message \d+ is \{.*\}, want \{"žluťoučký`,
	},
	"loses what a float does not hold": {
		faults{message: func(_ []byte, m *transporttest.Message) {
			if f := float64(m.Number); m.Number > 1<<53 {
				m.Number = int64(f) - 1024
			}
		}},
		cases{transporttest.Values},
		`message \d+ is \{"" \d+ .*\}, want \{"" 9223372036854775807`,
	},
	"loses the last item": {
		faults{items: behind},
		cases{transporttest.ServerStreams, transporttest.BidiStreams, transporttest.LongStreams},
		`the numbers of the items: got|items came, or not in their order|the end of the call did not happen`,
	},
	"loses the last item of a request": {
		faults{uploads: behind},
		cases{transporttest.ClientStreams, transporttest.LongStreams, transporttest.KeptValues},
		`the numbers of the items: got|items came, or not in their order|\d+ messages came, want`,
	},
	"takes an empty stream for a failure": {
		faults{items: func(items endpoint.Stream[any]) endpoint.Stream[any] {
			return func(yield func(any, error) bool) {
				n := 0
				for packed, err := range items {
					n++
					if !yield(packed, err) || err != nil {
						return
					}
				}
				if n == 0 {
					yield(nil, errors.New("there are no items"))
				}
			}
		}},
		cases{transporttest.EmptyStreams},
		`the call failed: internal error`,
	},
	"makes all items at once": {
		faults{items: ahead},
		cases{transporttest.BackPressure},
		`the producer made 512 items of 64 KiB for a reader of one`,
	},
	"makes the call before the loop": {
		faults{eager: true},
		cases{transporttest.ServerStreams},
		`calls before the loop: got \[1 1\]|calls: got 1, want 2|the end of the loop did not happen`,
	},
	"takes the part for the whole": {
		faults{takesPart: true, context: detached},
		cases{transporttest.ProducerEnds},
		`the server took the part for the whole|^server: Enter of a layer ran \d+ times and Exit \d+ times$`,
	},
	"ranges twice": {
		faults{rangesAgain: true},
		cases{transporttest.SecondRanges},
		`the error is OK "", want INTERNAL "endpoint/RANGED_TWICE"`,
	},
	"hides the error of a producer": {
		faults{hidesProducer: true},
		cases{transporttest.ProducerErrors, transporttest.ProducerPanics},
		`the request stream failed|the call panicked: false`,
	},
	"hides the error of a target": {
		faults{hidesAcquire: true},
		cases{transporttest.Acquires},
		`there is no connection, want`,
	},
	"makes errors of panics": {
		faults{client: func(z *transporttest.Zoo) {
			z.Unary, z.ServerStream = endpoint.Recover(z.Unary), endpoint.Recover(z.ServerStream)
			z.ClientStream, z.Bidi = endpoint.Recover(z.ClientStream), endpoint.Recover(z.Bidi)
		}},
		cases{transporttest.ClientLayerPanics, transporttest.ClientCodecPanics, transporttest.ProducerPanics},
		`the call panicked: false, with <nil>; want a panic`,
	},
	"answers a repeated call as the first": {
		faults{remembers: true},
		cases{transporttest.Retries, transporttest.StreamRetries},
		`: got .*, want |the call failed|messages came|message 0 is`,
	},
	"does not stop a producer": {
		faults{keepsProducer: true},
		cases{transporttest.EarlyAnswers},
		`a producer without end: the end of the producer did not happen within`,
	},
	"leaves a goroutine for each call": {
		faults{leaks: true},
		cases{transporttest.Goroutines},
		`: \d+ goroutines are there after 10 calls, and \d+ after 10 more`,
	},
}

// faultOf names the fault that this process has, when a test below started it.
const faultOf = "TRANSPORTTEST_FAULT"

// TestFaults sees transports fail, each by the cases that it should and for its
// very fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(faultOf); name != "" {
		transporttest.Run(t, encoded(allFaults[name].faults))
		return
	}
	for name, f := range allFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsFor(t, name, f.cases, f.says)
		})
	}
}

// TestFaultsOfAllCases holds that each case fails for one of the faults at least.
func TestFaultsOfAllCases(t *testing.T) {
	t.Parallel()
	var failing cases
	for _, f := range allFaults {
		failing = append(failing, f.cases...)
	}
	for _, c := range transporttest.Cases() {
		require.Contains(t, failing, c, "no faulty transport fails it")
	}
}

var (
	failure = regexp.MustCompile(`(?m)^        --- FAIL: \w+/encoded/(\S+) `)
	message = regexp.MustCompile(`(?m)^ +\w+\.go:\d+: (.*)$`)
)

// failsFor runs cases in another process, as they should fail.
func failsFor(t *testing.T, fault string, cases cases, says string) {
	t.Helper()
	var names []string
	for _, c := range cases {
		names = append(names, strings.ReplaceAll(string(c), " ", "_"))
	}
	parent, _, _ := strings.Cut(t.Name(), "/")
	out := fails(t, fault, fmt.Sprintf("^%s$/^encoded$/^(%s)$", parent, strings.Join(names, "|")), says)
	var failed []string
	for _, m := range failure.FindAllSubmatch(out, -1) {
		failed = append(failed, string(m[1]))
	}
	require.ElementsMatch(t, names, failed, "%s", out)
}

// fails runs tests in another process, all of whose messages should match says.
func fails(t *testing.T, fault, tests, says string) []byte {
	t.Helper()
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.timeout=2m", "-test.run="+tests)
	again.Env = append(os.Environ(), faultOf+"="+fault)
	out, err := again.CombinedOutput()
	require.ErrorContains(t, err, "exit status", "%s", out)
	messages := message.FindAllSubmatch(out, -1)
	require.NotEmpty(t, messages, "%s", out)
	for _, m := range messages {
		require.Regexp(t, says, string(m[1]))
	}
	return out
}

// misuses are transports that are not set up as they should be.
var misuses = map[string]struct {
	change func(tr *transporttest.Transport)
	says   string
}{
	"no name": {
		func(tr *transporttest.Transport) { tr.Name = "" },
		`^transporttest: Transport "": Name and Serve must be set$`,
	},
	"no server": {
		func(tr *transporttest.Transport) { tr.Serve = nil },
		`^transporttest: Transport "encoded": Name and Serve must be set$`,
	},
	"limits": {
		func(tr *transporttest.Transport) {
			tr.Limits = map[transporttest.Case]string{"value": "misspelt", transporttest.Peers: " ", transporttest.Values: "a reason"}
		},
		`^transporttest: Transport "encoded": Limits: "peers" has no reason; "value" is not a Case$`,
	},
	"a server that fails": {
		func(tr *transporttest.Transport) {
			tr.Serve = func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
				return nil, errors.New("no port")
			}
		},
		`^Serve: no port$`,
	},
	"no connect": {
		func(tr *transporttest.Transport) {
			tr.Serve = func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
				return nil, nil
			}
		},
		`^Serve returned neither a function nor an error$`,
	},
	"a client that fails": {
		func(tr *transporttest.Transport) {
			tr.Serve = connecting(func(*transporttest.Zoo) error { return errors.New("no route") })
		},
		`^connect: no route$`,
	},
	"a client without an endpoint": {
		func(tr *transporttest.Transport) {
			tr.Serve = connecting(func(z *transporttest.Zoo) error { z.Bidi = nil; return nil })
		},
		`^connect did not set the endpoint Bidi$`,
	},
	"a client that panics": {
		func(tr *transporttest.Transport) {
			tr.Serve = connecting(func(z *transporttest.Zoo) error {
				z.Unary = func(context.Context, transporttest.Message) (transporttest.Message, error) { panic("surprise") }
				return nil
			})
		},
		`^a call panicked: surprise$`,
	},
	"a call that hangs": {
		func(tr *transporttest.Transport) {
			tr.Serve = connecting(func(z *transporttest.Zoo) error {
				z.Unary = func(ctx context.Context, _ transporttest.Message) (transporttest.Message, error) {
					<-ctx.Done()
					return transporttest.Message{}, ctx.Err()
				}
				return nil
			})
		},
		`^the case did not end within 24h0m0s; its goroutines:$|the call failed: (canceled: )?context canceled$|message 0 is|\d messages came`,
	},
	"goroutines that are left": {
		func(tr *transporttest.Transport) {
			tr.Serve = connecting(func(*transporttest.Zoo) error {
				timer := time.NewTimer(2 * time.Hour)
				go func() { <-timer.C }()
				return nil
			})
		},
		`^goroutines are left after the cleanup:$`,
	},
}

// connecting returns the Serve of a transport whose clients are changed.
func connecting(change func(z *transporttest.Zoo) error) func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	return func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
		connect, err := encoded(faults{}).Serve(z, e)
		return func(z *transporttest.Zoo, e transporttest.End) error { return errors.Join(connect(z, e), change(z)) }, err
	}
}

// TestMisuses has one case fail for each of them.
func TestMisuses(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(faultOf); name != "" {
		tr := encoded(faults{})
		misuses[name].change(&tr)
		transporttest.Run(t, tr)
		return
	}
	for name, m := range misuses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails(t, name, "^TestMisuses$/^encoded$/^values$", m.says)
		})
	}
}
