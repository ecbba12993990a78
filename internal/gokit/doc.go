// Package gokit tests what docs/from-go-kit.md says, against go-kit v0.13.0: services of
// one called by clients of the other, and concepts of one beside those of the other. It is
// a module of its own, so that go-kit is not a dependency of ours. That its go.mod can be
// tidied holds that both fit in one go.mod.
package gokit
