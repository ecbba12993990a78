package grpcx

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/typedkit/endpoint"
	"google.golang.org/grpc"
)

// Register serves every endpoint of svc on s, by the services and methods that
// its method GRPC describes. Services of generated code, and others of this
// package, may be registered on s beside them. Its error joins all that is
// wrong, each naming its place, and then nothing was registered.
//
// A *grpc.Server ends the program when a service is registered after Serve was
// called, as it does for generated code.
func Register(s grpc.ServiceRegistrar, svc Service, opts ...Option) error {
	b := newBuild(endpoint.ServerSide, svc, opts)
	switch s := s.(type) {
	case nil:
		b.fault("", errors.New("the registrar is nil"))
	case interface {
		GetServiceInfo() map[string]grpc.ServiceInfo
	}:
		b.checkNames(s.GetServiceInfo())
	}
	if len(b.faults) > 0 {
		return errors.Join(b.faults...)
	}
	for _, desc := range b.descriptions() {
		s.RegisterService(desc, svc)
	}
	return nil
}

// checkNames finds services that are registered already: grpc-go ends the
// program for one that is registered twice.
func (b *build) checkNames(registered map[string]grpc.ServiceInfo) {
	for _, name := range b.services() {
		if _, ok := registered[name]; ok {
			b.fault(b.fields.Type, fmt.Errorf("the service %s is registered already", name))
		}
	}
}

// services returns the names of the gRPC services in the order of description.
func (b *build) services() []string {
	var names []string
	for _, mt := range b.methods {
		if !slices.Contains(names, mt.service) {
			names = append(names, mt.service)
		}
	}
	return names
}

func (b *build) descriptions() []*grpc.ServiceDesc {
	var all []*grpc.ServiceDesc
	for _, name := range b.services() {
		desc := &grpc.ServiceDesc{ServiceName: name, HandlerType: (*any)(nil)}
		if d := serviceDescriptor(name); d != nil {
			desc.Metadata = d.ParentFile().Path() // where reflection looks
		}
		for _, mt := range b.methods {
			if mt.service != name {
				continue
			}
			mt.serve()
			if mt.op.Streams == endpoint.Unary {
				desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: mt.name, Handler: mt.handleUnary})
				continue
			}
			desc.Streams = append(desc.Streams, grpc.StreamDesc{
				StreamName: mt.name, Handler: mt.stream,
				ServerStreams: mt.op.Streams&endpoint.ServerStream != 0,
				ClientStreams: mt.op.Streams&endpoint.ClientStream != 0,
			})
		}
		all = append(all, desc)
	}
	return all
}

// handleUnary is a grpc.MethodHandler: it makes the Call and runs the layers
// around decoding and the endpoint.
func (mt *method) handleUnary(srv any, ctx context.Context, dec func(any) error, ic grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // grpc-go's order
	x := &exchange{mt: mt, stream: ctx, receive: dec, interceptor: ic, srv: srv}
	ctx = x.start(ctx)
	err := guard(func() error {
		_, err := mt.unary(ctx, x)
		return err
	})
	if err != nil {
		return nil, x.refuse(ctx, err)
	}
	x.sendHeader(ctx)
	return x.answer, nil
}

// guard runs the layers and what they are around. A panic is an error from here
// on.
func guard(run func() error) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		if v := recover(); v != nil {
			err = endpoint.NewPanicError(v)
		}
	}()
	err = run()
	finished = true
	return err
}
