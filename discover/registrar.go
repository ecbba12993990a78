package discover

import "context"

// A Registrar tells others of an instance of this process. It is what a Source
// of the same registry then yields.
//
// Register makes the instance known, with all of it that the registry can hold,
// and keeps it known: it registers again, for ever, when the registry forgets
// the instance, restarts or is away, also at the start. It returns
// when ctx has ended and the instance is taken out of the registry, or when the
// time for that, which the registrar bounds, was up; its error says why the
// instance may still be known. It returns sooner only for an instance that can
// never be registered, with an error that says why. Register may run for
// several instances at once.
type Registrar interface {
	Register(ctx context.Context, in Instance) error
}
