// Echo is a program for the tests of programtest: it serves what it was given.
package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/typedkit/endpoint/server"
)

func main() {
	if len(os.Args) < 4 || os.Args[1] != "-listen" {
		fmt.Println("output")
		fmt.Fprintln(os.Stderr, "usage: echo -listen address [-debug.addr address] word")
		os.Exit(2)
	}
	s := server.New("echo", server.Log(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	s.Add(server.HTTP(os.Args[2], echo(os.Args[len(os.Args)-1])))
	if len(os.Args) == 6 && os.Args[3] == "-debug.addr" {
		s.Add(server.Admin(os.Args[4]))
	}
	os.Exit(s.Main())
}

// echo answers with the word and what it was sent.
func echo(word string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %s %s", word, r.Method, r.URL.Path, r.Header.Get("Content-Type"), body)
	}
}
