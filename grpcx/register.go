package grpcx

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
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
	if service.IsNil(s) {
		b.Fault("", errors.New("the registrar is nil"))
	} else if known, ok := s.(reflection.ServiceInfoProvider); ok {
		b.checkNames(known.GetServiceInfo())
	}
	if err := b.Err(); err != nil {
		return err
	}
	for _, desc := range b.descriptions(svc) {
		s.RegisterService(desc, svc)
	}
	return nil
}

// checkNames finds services that are registered already: grpc-go ends the
// program for one that is registered twice.
func (b *build) checkNames(registered map[string]grpc.ServiceInfo) {
	for _, name := range b.services() {
		if _, ok := registered[name]; ok {
			b.Fault(b.Type(), fmt.Errorf("the service %s is registered already", name))
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

func (b *build) descriptions(svc Service) []*grpc.ServiceDesc {
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
			mt.svc = svc
			mt.serve()
			if mt.op.Streams == endpoint.Unary {
				desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: mt.name, Handler: mt.unaryHandler()})
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

// unaryHandler returns what grpc-go calls for each call of a unary method: it
// makes the Call and runs the layers around decoding and the endpoint.
//
// grpc-go starts a goroutine for each call, whose stack is copied when it grows
// beyond a power of two. What waits for the request is deep in grpc-go, so the
// frames from here to there are few and small: this is a closure, because a
// method value has a frame of its own, and what needs much room has returned, or
// has not begun, while the request is waited for.
func (mt *method) unaryHandler() grpc.MethodHandler {
	return func(_ any, ctx context.Context, dec func(any) error, ic grpc.UnaryServerInterceptor) (answer any, err error) {
		x := exchanges.Get().(*exchange)
		x.mt, x.receive, x.interceptor = mt, dec, ic
		ctx = x.start(ctx)
		defer x.settle(ctx, &answer, &err)
		_, err = mt.unary(ctx, x)
		x.finished = true
		return answer, err
	}
}

// settle is deferred directly, because it recovers: it turns what came of a unary
// call into what grpc-go sends. The exchange is not used after it.
func (x *exchange) settle(ctx context.Context, answer *any, err *error) {
	if !x.finished {
		v := recover()
		if v == nil { // the handler left its goroutine
			return
		}
		*err = endpoint.NewPanicError(v)
	}
	if *err != nil {
		*err = x.refuse(ctx, *err)
	} else {
		x.sendHeader(ctx)
		*answer = x.source.answer
	}
	x.release()
}
