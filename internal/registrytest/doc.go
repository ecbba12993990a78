// Package registrytest runs the tests that are the same for every registry, against the
// registry's real server as a process: it is silenced, killed, started again with and
// without its data, and reached over a network that resets, delays and loses what is sent.
//
//	func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
//
//	func TestSuite(t *testing.T) {
//		registrytest.Suite{
//			Start: func(t *testing.T) *registrytest.Process { … registrytest.Launch(t, addr, command, ready) },
//			Registry: func(t *testing.T, addr, service string) registrytest.Registry { … },
//			Lease: 3 * time.Second,
//		}.Run(t)
//	}
//
// Processes that register an instance are the test binary itself, which runs the same test
// in another role.
//
// What the tests want is what [discover.Source] and [discover.Registrar] promise, and this:
//
//   - From the start of an outage until the instances have registered again after it, the
//     source yields errors and the set as it was, but no other set. That holds if the registry
//     comes back without its data, and if its leases ended meanwhile. [discover.Settled] does
//     this for any source.
//   - Two seconds after the registry has come back, however long it was away, it knows the
//     instances again.
//   - An instance that several registrars register is known until the last one takes it out.
package registrytest
