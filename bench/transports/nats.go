package main

import (
	"context"
	"encoding/json/v2"
	"errors"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint/natsx"
)

const startTime = 10 * time.Second

// openNATS starts two servers of NATS, and at each a program that answers: with the client
// library, and with ours.
func openNATS(f *fleet) (*link, error) {
	urls := map[string]string{}
	for kind, serve := range map[string]func(f *fleet, conn *nats.Conn) error{kindRaw: serveRaw, kindOurs: serveKit} {
		broker, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoLog: true, NoSigs: true})
		if err != nil {
			return nil, err
		}
		broker.Start()
		f.atEnd(func() error { broker.Shutdown(); broker.WaitForShutdown(); return nil })
		if !broker.ReadyForConnections(startTime) {
			return nil, errors.New("the server of NATS does not start")
		}
		urls[kind] = broker.ClientURL()
		conn, err := f.connect(urls[kind])
		if err != nil {
			return nil, err
		}
		if err := serve(f, conn); err != nil {
			return nil, err
		}
	}
	return &link{func(client, server string, n int) ([]sum, error) {
		conn, err := f.connect(urls[server])
		if err != nil {
			return nil, err
		}
		if client == kindOurs {
			c := new(Sums)
			return ours(c, n), natsx.Client(natsx.To(conn), c)
		}
		all := make([]sum, n)
		for i := range all {
			all[i] = ask(conn)
		}
		return all, nil
	}}, nil
}

func (f *fleet) connect(url string) (*nats.Conn, error) {
	conn, err := nats.Connect(url)
	if err == nil {
		f.atEnd(func() error { conn.Close(); return nil })
	}
	return conn, err
}

const subject = "sums.sum"

func serveRaw(_ *fleet, conn *nats.Conn) error {
	_, err := conn.QueueSubscribe(subject, "sums", answer)
	return errors.Join(err, conn.Flush())
}

func serveKit(f *fleet, conn *nats.Conn) error {
	kit := natsx.NewServer(conn)
	if err := natsx.Register(kit, newSums()); err != nil {
		return err
	}
	f.atEnd(kit.Close)
	return kit.Start()
}

// answer answers a request with the client library.
func answer(m *nats.Msg) {
	var r Args
	if json.Unmarshal(m.Data, &r) != nil {
		return
	}
	if data, err := json.Marshal(Reply{r.A + r.B}); err == nil {
		_ = m.Respond(data)
	}
}

// ask returns the calls of a client that uses the library.
func ask(conn *nats.Conn) sum {
	return func(ctx context.Context, a, b int64) (int64, error) {
		data, err := json.Marshal(Args{a, b})
		if err != nil {
			return 0, err
		}
		m, err := conn.RequestWithContext(ctx, subject, data)
		if err != nil {
			return 0, err
		}
		var reply Reply
		err = json.Unmarshal(m.Data, &reply)
		return reply.V, err
	}
}
