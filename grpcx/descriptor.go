package grpcx

import (
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// serviceDescriptor returns the descriptor of a service that generated code of
// the program knows, or nil.
func serviceDescriptor(name string) protoreflect.ServiceDescriptor {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	s, _ := d.(protoreflect.ServiceDescriptor)
	return s
}

// matchDescriptor compares the method with its descriptor, if generated code has
// one, and takes from it whether it is idempotent.
func (mt *method) matchDescriptor() []error {
	service := serviceDescriptor(mt.service)
	if service == nil {
		return nil
	}
	d := service.Methods().ByName(protoreflect.Name(mt.name))
	if d == nil {
		return []error{fmt.Errorf("the service %s has no method %q in %s", mt.service, mt.name, service.ParentFile().Path())}
	}
	var faults []error
	if kind := kindOf(d); kind != mt.op.Streams {
		faults = append(faults, fmt.Errorf("it is described as %s, and %s is %s", mt.op.Streams, mt.op.Method, kind))
	}
	for _, s := range []struct {
		name string
		form *form
		want protoreflect.MessageDescriptor
	}{{"request", mt.in, d.Input()}, {"response", mt.out, d.Output()}} {
		if got := messageName(s.form.message); got != s.want.FullName() {
			faults = append(faults, fmt.Errorf("%s: it is %s, and %s has %s", s.name, got, mt.op.Method, s.want.FullName()))
		}
	}
	if opts, ok := d.Options().(*descriptorpb.MethodOptions); ok && opts.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
		mt.op.Idempotent = true
	}
	return faults
}

func kindOf(d protoreflect.MethodDescriptor) endpoint.StreamKind {
	kind := endpoint.Unary
	if d.IsStreamingClient() {
		kind |= endpoint.ClientStream
	}
	if d.IsStreamingServer() {
		kind |= endpoint.ServerStream
	}
	return kind
}

func messageName(t reflect.Type) protoreflect.FullName {
	m, _ := reflect.TypeAssert[proto.Message](reflect.New(t.Elem()))
	return m.ProtoReflect().Descriptor().FullName()
}
