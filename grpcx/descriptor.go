package grpcx

import (
	"fmt"
	"reflect"
	"strings"

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
		return mt.checkPackage()
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

// checkPlain finds plain types under the name of a service of generated code, whose
// clients and servers speak protobuf.
func (mt *method) checkPlain() []error {
	service := serviceDescriptor(mt.service)
	if service == nil {
		return nil
	}
	return []error{fmt.Errorf("the service %s of %s has messages of protobuf, and the request is %s and the response %s: map both with %sAs, or give the service another name",
		mt.service, service.ParentFile().Path(), mt.in.typ, mt.out.typ, kindName(mt.op.Streams))}
}

// checkPackage finds a service whose package is misspelt: generated code has one of the
// same name elsewhere, with this method and the same messages. See decision 172.
func (mt *method) checkPackage() []error {
	var faults []error
	name := protoreflect.FullName(mt.service).Name()
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			if !strings.EqualFold(string(service.Name()), string(name)) {
				continue
			}
			d := service.Methods().ByName(protoreflect.Name(mt.name))
			if d != nil && d.Input().FullName() == messageName(mt.in.message) && d.Output().FullName() == messageName(mt.out.message) {
				faults = append(faults, fmt.Errorf("generated code has this method in the service %s of %s, not in %s", service.FullName(), file.Path(), mt.service))
			}
		}
		return true
	})
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
