package grpcx

import (
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
	protoreflect.Message // of message, or an empty one

	message proto.Message // to read into; nil for a format
	format  codecFormat
	value   any // to read into by format, a pointer
	limit   int // of bytes; 0 for none of ours

	size int
	err  error
}

var nothing = (*emptypb.Empty)(nil).ProtoReflect()

// toMessage has the next message read into m.
func (b *inbox) toMessage(m proto.Message) {
	b.Message, b.message = m.ProtoReflect(), m
	b.size, b.err = 0, nil
}

// toValue has the next message read into the value that v points to.
func (b *inbox) toValue(f codecFormat, v any) {
	b.Message, b.format, b.value = nothing, f, v
	b.size, b.err = 0, nil
}

// ProtoReflect makes an inbox a message.
func (b *inbox) ProtoReflect() protoreflect.Message { return b }

// Interface returns b, which is the message of its reflection.
func (b *inbox) Interface() protoreflect.ProtoMessage { return b }

// Reset does nothing: what is read into is new.
func (b *inbox) Reset() {}

// ProtoMethods has protobuf's codec call fill.
func (b *inbox) ProtoMethods() *protoiface.Methods { return inboxMethods }

var inboxMethods = &protoiface.Methods{
	Unmarshal: func(in protoiface.UnmarshalInput) (protoiface.UnmarshalOutput, error) {
		in.Message.(*inbox).fill(in.Buf)
		return protoiface.UnmarshalOutput{Flags: protoiface.UnmarshalInitialized}, nil
	},
}

// UnmarshalJSON is for a codec named "json" that the program registered.
func (b *inbox) UnmarshalJSON(data []byte) error {
	b.fill(data)
	return nil
}

// fill reads data and keeps no part of it.
func (b *inbox) fill(data []byte) {
	b.size = len(data)
	switch {
	case b.limit > 0 && len(data) > b.limit:
		b.err = tooLarge(b.limit)
	case b.message != nil:
		if err := proto.Unmarshal(data, b.message); err != nil {
			b.err = ErrInvalidRequest.WithCause(err)
		}
	default:
		b.err = b.format.Decode(data, b.value)
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
