// Echo is a program for the tests of programtest: it serves what it was given.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) != 4 || os.Args[1] != "-listen" {
		fmt.Println("output")
		fmt.Fprintln(os.Stderr, "usage: echo -listen address word")
		os.Exit(2)
	}
	if err := serve(os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers with the word and what it was sent.
func serve(addr, word string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %s %s", word, r.Method, r.URL.Path, r.Header.Get("Content-Type"), body)
	})}
	go func() { _ = server.Serve(l) }()
	<-ctx.Done()
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("stopping")
	return server.Close()
}
