// Package shell is the path of a call that all transports share: the only code
// that is compiled for each endpoint, attempts on a target, guarded answers, error
// hooks, and both ends of streams. A transport adds its description, its messages
// and its exchange.
package shell
