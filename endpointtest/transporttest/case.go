package transporttest

// A Case is one requirement of the table. Its text is the name of its subtest.
type Case string

// Messages.
const (
	// Values: texts, numbers and bytes arrive as they were sent, both ways.
	Values Case = "values"
	// EmptyMessages: a call may have an empty request and an empty response.
	EmptyMessages Case = "empty messages"
	// LargeMessages: messages of 600 KB pass in both directions, also as items.
	LargeMessages Case = "large messages"
	// KeptValues: a message that a handler or a caller keeps is not changed by
	// another call or by the next item.
	KeptValues Case = "kept values"
	// ConcurrentCalls: calls side by side do not mix.
	ConcurrentCalls Case = "concurrent calls"
	// NoLayers: calls succeed and fail in the same way without any layers.
	NoLayers Case = "no layers"
	// SizeLimit: a request of End.MaxMessage bytes passes, and a larger one is
	// refused with the code ResourceExhausted and the identity
	// endpoint/BODY_TOO_LARGE. The size is that of Call.RequestBytes.
	SizeLimit Case = "size limit"
	// ItemSizeLimit: the same holds for each item of a request stream.
	ItemSizeLimit Case = "size limit of items"
	// UnreadableRequests: a request or an item that cannot be decoded is
	// InvalidArgument with the identity endpoint/INVALID_REQUEST.
	UnreadableRequests Case = "unreadable requests"
	// Rules: a request or an item that breaks a rule in a tag of its type, or that its
	// method Validate refuses, is InvalidArgument with the identity
	// endpoint/INVALID_REQUEST, with a violation for each rule if the transport carries
	// ErrorDetails. The handler does not get it.
	Rules Case = "rules"
	// UnreadableResponses: a response or an item that cannot be decoded is an
	// Internal error of the client.
	UnreadableResponses Case = "unreadable responses"
	// UnwritableRequests: a request or an item that cannot be encoded is an
	// InvalidArgument error of the client.
	UnwritableRequests Case = "unwritable requests"
	// UnwritableResponses: a response or an item that cannot be encoded goes
	// out as a generic Internal error.
	UnwritableResponses Case = "unwritable responses"
)

// Errors.
const (
	// Codes: each canonical code arrives, with the message and without an
	// identity that the error does not have.
	Codes Case = "codes"
	// PlainErrors: an error without a code goes out as Internal with a generic
	// message, the two errors of a context with their codes, and a cause is
	// never sent.
	PlainErrors Case = "plain errors"
	// DeclaredErrors: a declared error matches by errors.Is on the client.
	DeclaredErrors Case = "declared errors"
	// UndeclaredErrors: an error of the service itself keeps its identity even
	// if the operation does not declare it.
	UndeclaredErrors Case = "undeclared errors"
	// ErrorDetails: violations, retry-after, links and metadata arrive.
	ErrorDetails Case = "error details"
	// ErrorText: invalid UTF-8 in an error arrives as replacement characters.
	ErrorText Case = "invalid text in errors"
	// ErrorLimits: at most 50 violations arrive. Of an error that a gateway passes
	// on, each text is cut after 1 KiB, and the time to wait is at most a day.
	ErrorLimits Case = "limits of errors"
	// Gateways: a service that is a client of another one passes on the errors
	// that it declares, with their details, and reduces the others.
	Gateways Case = "gateways"
	// GatewayHeaders: a gateway forwards neither the headers of its request nor
	// those of the reply that it got.
	GatewayHeaders Case = "headers at gateways"
	// Delivery: an error that the server answered is marked as maybe sent,
	// unless the operation is idempotent.
	Delivery Case = "delivery"
	// Unreachable: the error of a call to a server that has stopped is
	// Unavailable and marked as not sent. Its message is the general one of the code,
	// because a server that relays it speaks to its own callers.
	Unreachable Case = "unreachable server"
	// Hooks: the hook of a server is called once for each call that fails, with
	// the whole error, at least as a cause, and the context of the call. It is never
	// called for a success.
	Hooks Case = "hooks"
)

// Time and cancellation.
const (
	// DeadlineSent: a handler's context has the caller's deadline, and none
	// where the caller has none.
	DeadlineSent Case = "deadline sent"
	// DeadlinePasses: a deadline that passes ends the call on both ends.
	DeadlinePasses Case = "deadline passes"
	// ServerTimeout: a deadline that a layer of the server sets ends a call,
	// including one that waits for an item of its client.
	ServerTimeout Case = "timeout of the server"
	// EndedContext: a call under a context that has ended fails at once.
	EndedContext Case = "ended context"
	// Cancellation: the caller's cancellation ends the call on both ends, and
	// its cause is that of the caller's error.
	Cancellation Case = "cancellation"
	// UnreadCancellation: the same holds while the handler does not read its
	// request stream.
	UnreadCancellation Case = "cancellation of unread streams"
)

// Blame. What counts against a server is what [endpoint.ServerFault] says of the error
// that a layer or a target gets. The cases call a service through a gateway.
const (
	// ShortDeadlines: a call that ends with the deadline of its caller, who gave it
	// less than a fair time of one second, counts against nobody but in the process of
	// that caller.
	ShortDeadlines Case = "short deadlines"
	// FairDeadlines: a call that hangs until the deadline of its caller, who gave it
	// more than a second, counts against the server. It does not if the request is a
	// stream, nor after the first item of a response.
	FairDeadlines Case = "fair deadlines"
	// OwnDeadlines: a call that ends with a deadline of the gateway counts against the
	// service and the gateway.
	OwnDeadlines Case = "own deadlines"
	// PassedDeadlines: a call whose deadline has passed acquires nothing and does not
	// count against the server.
	PassedDeadlines Case = "passed deadlines"
	// BlamedTargets: a target gets the same outcome as the layers of the client, for
	// short and for fair deadlines.
	BlamedTargets Case = "blame at targets"
	// ReportedCodes: the hook of a server gets an error with the code that goes out.
	ReportedCodes Case = "reported codes"
)

// Panics. After a panic on a server, the caller gets a generic Internal error, the
// hook gets a *endpoint.PanicError, and the server serves the next call. A panic
// on a client reaches the caller with its value.
const (
	// HandlerPanics: a handler or the source of a response stream panics.
	HandlerPanics Case = "panics of handlers"
	// LayerPanics: Enter or Exit of a server's layer panics.
	LayerPanics Case = "panics of layers"
	// ClientLayerPanics: Enter or Exit of a client's layer panics.
	ClientLayerPanics Case = "panics of a client's layers"
	// CodecPanics: a server's decoding or encoding panics.
	CodecPanics Case = "panics of codecs"
	// ClientCodecPanics: a client's encoding or decoding panics.
	ClientCodecPanics Case = "panics of a client's codecs"
	// ErrorPanics: a method of an error panics.
	ErrorPanics Case = "panics of errors"
	// HookPanics: the hook panics. The answer to the caller does not change.
	HookPanics Case = "panics of hooks"
	// ProducerPanics: the producer of a request stream panics.
	ProducerPanics Case = "panics of producers"
	// LoopPanics: the body of the loop over a response stream panics.
	LoopPanics Case = "panics of loops"
)

// Layers and targets.
const (
	// LayerOrder: the first layer is the outermost on both ends. The handler gets
	// the context of the server's layers, and Acquire that of the client's.
	LayerOrder Case = "order of layers"
	// LayerRefusals: a layer refuses a call, and nothing inside runs.
	LayerRefusals Case = "refusals of layers"
	// LayerResults: an Exit replaces an error, makes an error of a success, and
	// cannot make a success of an error.
	LayerResults Case = "results of layers"
	// Exits: each layer exits exactly once, with the outcome of the call: nil,
	// an error, or ErrStopped after a break.
	Exits Case = "exits"
	// Places: a request stream takes the place of an endpoint.Admitter with its
	// first item, and a call without a place is refused.
	Places Case = "places"
	// Releases: a client releases its target exactly once for each attempt, with
	// the outcome of the attempt.
	Releases Case = "releases"
	// Acquires: an error of Acquire is that of the attempt, which is not
	// released.
	Acquires Case = "acquires"
)

// Facts of a call.
const (
	// Operations: the Call of each end has the operation of the endpoint, the
	// same pointer in every call.
	Operations Case = "operations"
	// Bytes: the Call of each end has the sizes of the request and the response
	// at Exit, except that of a request stream on the client.
	Bytes Case = "bytes"
	// Statuses: both ends agree on the transport's status of a call.
	Statuses Case = "statuses"
	// Peers: the Call of each end has the address of the other one.
	Peers Case = "peers"
	// RequestHeaders: the headers of WithHeader arrive.
	RequestHeaders Case = "request headers"
	// ReplyHeaders: the headers that a handler or a layer sets in the reply
	// arrive, with a success and with an error.
	ReplyHeaders Case = "reply headers"
	// BinaryHeaders: a value of a key that ends in "-bin" may have any bytes, in
	// both directions.
	BinaryHeaders Case = "binary headers"
	// LayerHeaders: the headers that a layer of the client adds arrive, with all
	// their values.
	LayerHeaders Case = "headers of layers"
	// OwnedHeaders: a key that belongs to the transport, set by the caller or by
	// a layer, is refused with the code InvalidArgument.
	OwnedHeaders Case = "owned headers"
	// CallHeaders: the header of a client's Call has the keys of the caller and
	// the layers, and none that the transport adds to the request.
	CallHeaders Case = "headers of the call"
)

// Attempts.
const (
	// Credentials: a token in the metadata tells the handler who calls. Without a scope that
	// the endpoint requires, or with a token that is not known, the handler does not run, and
	// the caller learns which of the two it was.
	Credentials Case = "credentials"
	// RefusedCredentials: a call whose token was revoked is repeated with the next one.
	RefusedCredentials Case = "refused credentials"

	// Retries: a layer of the client repeats a call; each attempt has a number,
	// a fresh request and a target of its own.
	Retries Case = "retries"
	// StreamRetries: a response stream is repeated until its first item, and a
	// call whose request stream was ranged over is not.
	StreamRetries Case = "retries of streams"
	// Hedges: a layer of the client makes a second attempt beside the first;
	// the loser is cancelled.
	Hedges Case = "hedges"
	// StreamHedges: the attempts of a response stream race for its first item.
	StreamHedges Case = "hedges of streams"
)

// Streams.
const (
	// ServerStreams: a response stream yields all items in order. Its call starts
	// with the loop, and another loop is another call. As a limit, it stands for
	// all cases with such a stream.
	ServerStreams Case = "server streams"
	// ClientStreams: a handler gets all items of a request stream in order. As a
	// limit, it stands for all cases with such a stream.
	ClientStreams Case = "client streams"
	// BidiStreams: items flow in both directions at the same time, and the
	// server may send more after the end of the request. As a limit, it stands
	// for all cases with such streams.
	BidiStreams Case = "bidi streams"
	// EmptyStreams: a stream without items, or a nil one, is not an error.
	EmptyStreams Case = "empty streams"
	// LongStreams: a thousand items pass in order.
	LongStreams Case = "long streams"
	// EarlyErrors: an error before the first item arrives whole.
	EarlyErrors Case = "errors before items"
	// LateErrors: an error after items arrives whole, after them.
	LateErrors Case = "errors after items"
	// Breaks: a break out of the loop over a response ends the call: the
	// handler's context ends and the layers of the client get ErrStopped.
	Breaks Case = "breaks"
	// ProducerErrors: the error of the producer of a request stream is that of
	// the call, and the handler gets an error instead of the end of the stream.
	ProducerErrors Case = "errors of producers"
	// ProducerEnds: when a producer returns because the call was cancelled, the
	// handler gets an error instead of the end of the stream.
	ProducerEnds Case = "ends of producers"
	// EarlyAnswers: a handler may answer before the end of the request stream.
	// The caller gets the answer, and the producer is stopped.
	EarlyAnswers Case = "early answers"
	// Streamers: Item of a Streamer runs for each item, and its error ends the
	// stream.
	Streamers Case = "streamers"
	// SecondRanges: a second range over a request stream is refused with the
	// identity endpoint/RANGED_TWICE.
	SecondRanges Case = "second ranges"
	// BackPressure: a producer waits for a reader that does not read.
	BackPressure Case = "back pressure"
	// Goroutines: a call leaves no goroutine behind while its connection stays
	// open. It is skipped for a transport that is Live.
	Goroutines Case = "goroutines"
)

// row is a case and what runs it.
type row struct {
	name Case
	test func(k *kit)
}

func rows() []row {
	return []row{
		{Values, testValues},
		{EmptyMessages, testEmptyMessages},
		{LargeMessages, testLargeMessages},
		{KeptValues, testKeptValues},
		{ConcurrentCalls, testConcurrentCalls},
		{NoLayers, testNoLayers},
		{SizeLimit, testSizeLimit},
		{ItemSizeLimit, testItemSizeLimit},
		{UnreadableRequests, testUnreadableRequests},
		{Rules, testRules},
		{UnreadableResponses, testUnreadableResponses},
		{UnwritableRequests, testUnwritableRequests},
		{UnwritableResponses, testUnwritableResponses},

		{Codes, testCodes},
		{PlainErrors, testPlainErrors},
		{DeclaredErrors, testDeclaredErrors},
		{UndeclaredErrors, testUndeclaredErrors},
		{ErrorDetails, testErrorDetails},
		{ErrorText, testErrorText},
		{ErrorLimits, testErrorLimits},
		{Gateways, testGateways},
		{GatewayHeaders, testGatewayHeaders},
		{Delivery, testDelivery},
		{Unreachable, testUnreachable},
		{Hooks, testHooks},

		{DeadlineSent, testDeadlineSent},
		{DeadlinePasses, testDeadlinePasses},
		{ServerTimeout, testServerTimeout},
		{EndedContext, testEndedContext},
		{Cancellation, testCancellation},
		{UnreadCancellation, testUnreadCancellation},

		{ShortDeadlines, testShortDeadlines},
		{FairDeadlines, testFairDeadlines},
		{OwnDeadlines, testOwnDeadlines},
		{PassedDeadlines, testPassedDeadlines},
		{BlamedTargets, testBlamedTargets},
		{ReportedCodes, testReportedCodes},

		{HandlerPanics, testHandlerPanics},
		{LayerPanics, testLayerPanics},
		{ClientLayerPanics, testClientLayerPanics},
		{CodecPanics, testCodecPanics},
		{ClientCodecPanics, testClientCodecPanics},
		{ErrorPanics, testErrorPanics},
		{HookPanics, testHookPanics},
		{ProducerPanics, testProducerPanics},
		{LoopPanics, testLoopPanics},

		{LayerOrder, testLayerOrder},
		{LayerRefusals, testLayerRefusals},
		{LayerResults, testLayerResults},
		{Exits, testExits},
		{Places, testPlaces},
		{Releases, testReleases},
		{Acquires, testAcquires},

		{Operations, testOperations},
		{Bytes, testBytes},
		{Statuses, testStatuses},
		{Peers, testPeers},
		{RequestHeaders, testRequestHeaders},
		{ReplyHeaders, testReplyHeaders},
		{BinaryHeaders, testBinaryHeaders},
		{LayerHeaders, testLayerHeaders},
		{OwnedHeaders, testOwnedHeaders},
		{CallHeaders, testCallHeaders},

		{Credentials, testCredentials},
		{RefusedCredentials, testRefusedCredentials},

		{Retries, testRetries},
		{StreamRetries, testStreamRetries},
		{Hedges, testHedges},
		{StreamHedges, testStreamHedges},

		{ServerStreams, testServerStreams},
		{ClientStreams, testClientStreams},
		{BidiStreams, testBidiStreams},
		{EmptyStreams, testEmptyStreams},
		{LongStreams, testLongStreams},
		{EarlyErrors, testEarlyErrors},
		{LateErrors, testLateErrors},
		{Breaks, testBreaks},
		{ProducerErrors, testProducerErrors},
		{ProducerEnds, testProducerEnds},
		{EarlyAnswers, testEarlyAnswers},
		{Streamers, testStreamers},
		{SecondRanges, testSecondRanges},
		{BackPressure, testBackPressure},
		{Goroutines, testGoroutines},
	}
}
