package grpcx

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoiface"
	"google.golang.org/protobuf/types/known/emptypb"
)

// grpc-go chooses the codec of a server's stream by its content-subtype from a
// registry of the whole process, and takes protobuf's for one that it does not
// find. Codecs must be registered before any server runs, which only an init
// could promise. So an inbox and an outbox are messages to protobuf's codec,
// which reads and writes them by the methods that they bring (protoiface), and
// those do whatever the stream's format asks for.
//
// Protobuf itself is read through an inbox, too: grpc-go answers a message that
// cannot be read at once, as Internal, before a layer or a hook hears of it; an
// inbox keeps the fault, for an answer of ours.

// inbox is what a server receives a message into. To whoever looks at it by
// reflection it is the message inside.
type inbox struct {
	protoreflect.Message // of the message to read into, or an empty one

	format *codecFormat // nil for protobuf
	into   any          // a new message, or a pointer for the format
	limit  int          // of bytes; 0 for none of ours
	hold   bool         // keep the bytes in raw instead
	raw    []byte

	size int
	err  error
	text string // for grpc-go's traces
}

var nothing = (*emptypb.Empty)(nil).ProtoReflect()

// toMessage has the next message read into m, which is new.
func (b *inbox) toMessage(m proto.Message) {
	b.Message, b.into = m.ProtoReflect(), m
	b.size, b.err = 0, nil
}

// toValue has the next message read into the value that v points to.
func (b *inbox) toValue(f *codecFormat, v any) {
	b.Message, b.format, b.into = nothing, f, v
	b.size, b.err = 0, nil
}

// ProtoReflect makes an inbox a message.
func (b *inbox) ProtoReflect() protoreflect.Message { return b }

// Interface returns b, which is the message of its reflection.
func (b *inbox) Interface() protoreflect.ProtoMessage { return b }

// Reset does nothing: what is read into is new.
func (b *inbox) Reset() {}

// String is what grpc-go's traces show of a message, when somebody looks at them.
// The message is the handler's then, who may change it: its text is made before.
func (b *inbox) String() string { return b.text }

func (b *inbox) describe() {
	const most = 1 << 10 // a trace shows 100 bytes of the text
	switch {
	case !grpc.EnableTracing:
	case b.err != nil || b.size > most:
		b.text = fmt.Sprintf("%T of %d bytes", b.into, b.size)
	default:
		b.text = fmt.Sprint(b.into)
	}
}

// ProtoMethods has protobuf's codec call fill.
func (b *inbox) ProtoMethods() *protoiface.Methods { return inboxMethods }

var inboxMethods = &protoiface.Methods{
	Unmarshal: func(in protoiface.UnmarshalInput) (protoiface.UnmarshalOutput, error) {
		b := in.Message.(*inbox)
		if b.format != nil || b.limit > 0 || b.hold || !b.fillFast(in) {
			b.fill(in.Buf)
		}
		b.describe()
		return protoiface.UnmarshalOutput{Flags: protoiface.UnmarshalInitialized}, nil
	},
}

// fillFast has the message inside read by its own methods, as protobuf would do
// after some more steps. It is false if it has none.
func (b *inbox) fillFast(in protoiface.UnmarshalInput) bool {
	methods := b.Message.ProtoMethods()
	if methods == nil || methods.Unmarshal == nil {
		return false
	}
	b.size = len(in.Buf)
	in.Message = b.Message
	out, err := methods.Unmarshal(in)
	if err == nil && out.Flags&protoiface.UnmarshalInitialized == 0 {
		err = proto.CheckInitialized(b.into.(proto.Message))
	}
	if err != nil {
		b.err = ErrInvalidRequest.WithCause(err)
	}
	return true
}

// UnmarshalJSON is for a codec named "json" that the program registered.
func (b *inbox) UnmarshalJSON(data []byte) error {
	b.fill(data)
	b.describe()
	return nil
}

// fill reads data and keeps no part of it, unless it holds a copy.
func (b *inbox) fill(data []byte) {
	b.size = len(data)
	switch {
	case b.limit > 0 && len(data) > b.limit:
		b.err = tooLarge(b.limit)
	case b.hold:
		b.raw = append(b.raw[:0], data...)
	case b.format != nil:
		b.err = b.format.Decode(data, b.into)
	default:
		// What is new needs no reset.
		if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(data, b.into.(proto.Message)); err != nil {
			b.err = ErrInvalidRequest.WithCause(err)
		}
	}
}

// outbox is a message that is encoded already.
type outbox struct {
	protoreflect.Message // an empty one

	data []byte
}

func newOutbox(data []byte) *outbox { return &outbox{Message: nothing, data: data} }

// ProtoReflect makes an outbox a message.
func (b *outbox) ProtoReflect() protoreflect.Message { return b }

// Interface returns b, which is the message of its reflection.
func (b *outbox) Interface() protoreflect.ProtoMessage { return b }

// String is what grpc-go's traces show of it.
func (b *outbox) String() string { return string(b.data[:min(len(b.data), 1<<10)]) }

// ProtoMethods has protobuf's codec take the data.
func (b *outbox) ProtoMethods() *protoiface.Methods { return outboxMethods }

// The size is said to be nothing, so that the codec makes no room that the data
// would be copied into.
var outboxMethods = &protoiface.Methods{
	Size: func(protoiface.SizeInput) protoiface.SizeOutput { return protoiface.SizeOutput{} },
	Marshal: func(in protoiface.MarshalInput) (protoiface.MarshalOutput, error) {
		data := in.Message.(*outbox).data
		if len(in.Buf) > 0 {
			data = append(in.Buf, data...)
		}
		return protoiface.MarshalOutput{Buf: data}, nil
	},
	CheckInitialized: func(protoiface.CheckInitializedInput) (protoiface.CheckInitializedOutput, error) {
		return protoiface.CheckInitializedOutput{}, nil
	},
}

// MarshalJSON is for a codec named "json" that the program registered.
func (b *outbox) MarshalJSON() ([]byte, error) { return b.data, nil }
