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
//
// A test is skipped when the kit lacks what it needs: a way to break the
// registry, or instances that are more than an address.
package discovertest
