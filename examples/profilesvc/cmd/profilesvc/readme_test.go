package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme makes the requests of the README, one after the other, and gets the
// answers that stand below them.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	addr, stop := start(t)
	for _, c := range commands(t, string(text)) {
		r, err := c.request(addr)
		require.NoError(t, err, "%s", c.line)
		resp, err := http.DefaultClient.Do(r.WithContext(t.Context()))
		require.NoError(t, err, "%s", c.line)
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		require.NoError(t, err, "%s", c.line)
		require.Equal(t, c.answer, string(body), "%s", c.line)
	}
	log := stop()
	for _, name := range []string{
		"Post", "Get", "Put", "Patch", "Delete", "GetAddresses", "GetAddress", "PostAddress", "DeleteAddress",
	} {
		require.Regexp(t, "operation=Profiles."+name+" .*code=OK", log, "the README does not show the operation")
	}
}

// A command is a line "$ curl …" of the README.
type command struct {
	line   string
	args   []string
	answer string
}

// commands returns the commands of the indented blocks, each with the lines
// below it up to an empty one.
func commands(t *testing.T, text string) []command {
	t.Helper()
	var all []command
	open := false
	for line := range strings.Lines(text) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		start, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case indented && isCommand && strings.HasPrefix(start, "curl "):
			all, open = append(all, command{line: start, args: words(start)[1:]}), true
		case !indented || isCommand:
			open = false
		case open:
			all[len(all)-1].answer += line
		}
	}
	require.NotEmpty(t, all)
	return all
}

// words splits a command as a shell does, of which it knows single quotes.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// request returns the request that curl would make, to the server at addr.
func (c command) request(addr string) (*http.Request, error) {
	method, url, body, json := "GET", "", "", false
	for i := 0; i < len(c.args); i++ {
		switch arg := c.args[i]; {
		case arg == "-X" && i+1 < len(c.args):
			i++
			method = c.args[i]
		case arg == "--json" && i+1 < len(c.args):
			i++
			body, json = c.args[i], true
			if method == "GET" {
				method = "POST"
			}
		default:
			url = strings.Replace(arg, "localhost:8080", "http://"+addr, 1)
		}
	}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err == nil && json {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
	}
	return r, err
}
