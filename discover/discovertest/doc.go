// Package discovertest checks what a [discover.Source] and a
// [discover.Registrar] promise, against the registry that they speak to. Every
// one of this project passes; so should one of yours:
//
//	func TestSource(t *testing.T) {
//		discovertest.Source(t, func(t *testing.T) discovertest.SourceKit {
//			registry := start(t)
//			return discovertest.SourceKit{Source: New(registry.Addr()), Set: registry.Set}
//		})
//	}
package discovertest
