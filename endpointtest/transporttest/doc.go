// Package transporttest is the conformance table of transports: cases that each
// transport of this project passes, over [endpoint] alone. A transport of your
// own passes them as well if it behaves like the others:
//
//	type zoo struct{ *transporttest.Zoo }
//
//	func (z *zoo) Mail(m *mail.Methods) {
//		m.Unary("unary", &z.Unary, mail.Fails(transporttest.Fails()...))
//		…
//	}
//
//	func TestTransport(t *testing.T) {
//		transporttest.Run(t, transporttest.Transport{
//			Name: "mail",
//			Serve: func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
//				office := mail.NewOffice()
//				e.Cleanup(office.Close)
//				err := mail.Register(office, &zoo{z}, mail.Use(e.Layers...), mail.ErrorHook(e.Hook))
//				return func(z *transporttest.Zoo, e transporttest.End) error {
//					return mail.Client(e.Counted(office.Box()), &zoo{z}, mail.Use(e.Layers...))
//				}, err
//			},
//			Limits: map[transporttest.Case]string{transporttest.BidiStreams: "a letter has one direction"},
//		})
//	}
//
// Each [Case] is a subtest with servers and clients of its own. It runs in a
// testing/synctest bubble, so deadlines take no real time, and a goroutine that
// is left behind fails it. After every case the table also checks that each layer
// exited and each target was released exactly once for each call.
//
// A case that a transport cannot pass is named in [Transport].Limits, with the
// reason, and is skipped.
package transporttest
