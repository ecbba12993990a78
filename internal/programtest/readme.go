package programtest

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Command is a line "$ …" of a README.
type Command struct {
	// Args are its words, the program's name first. A "&" at the end is none.
	Args []string
	// Answer is what stands below it, without the end of its last line. A "…" in it stands
	// for any text.
	Answer string
}

// Commands returns the commands in the indented blocks of a file, each with the lines below
// it up to an empty one: those of the sections with these titles, or all.
func Commands(t *testing.T, file string, titles ...string) []Command {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	all := parse(string(text), titles)
	require.NotEmpty(t, all, "%s has no commands", file)
	return all
}

func parse(text string, titles []string) []Command {
	var all []Command
	open, wanted := false, len(titles) == 0
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(line, "## "); ok && len(titles) > 0 {
			wanted = slices.Contains(titles, strings.TrimSpace(title))
		}
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		start, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case !indented || !wanted:
			open = false
		case isCommand:
			all, open = append(all, Command{Args: words(strings.TrimSuffix(start, " &"))}), true
		case open:
			c := &all[len(all)-1]
			c.Answer = strings.TrimPrefix(c.Answer+"\n"+line, "\n")
		}
	}
	return all
}

// words splits a command like a shell that knows only quotes. Text directly before a
// quote, such as -d, is a word of its own.
func words(line string) []string {
	var all []string
	for {
		i := strings.IndexAny(line, `'"`)
		if i < 0 {
			return append(all, strings.Fields(line)...)
		}
		quoted, rest, _ := strings.Cut(line[i+1:], line[i:i+1])
		all = append(append(all, strings.Fields(line[:i])...), quoted)
		line = rest
	}
}

// OfKit returns a command of go-kit's documents with --json in place of -d, so that curl
// sends the content type of JSON.
func OfKit(line, answer string) Command {
	c := Command{Args: words(line), Answer: answer}
	for i, arg := range c.Args {
		if arg == "-d" {
			c.Args[i] = "--json"
		}
	}
	return c
}

// At returns the command with other addresses in place of those that the README
// has.
func (c Command) At(addresses *strings.Replacer) Command {
	args := make([]string, len(c.Args))
	for i, arg := range c.Args {
		args[i] = addresses.Replace(arg)
	}
	return Command{Args: args, Answer: c.Answer}
}

// Curl makes the request that curl would make, of which it knows -X, -H, -d, -s and
// --json, and gets the answer of the README: all of it, or with "| grep WORD" the lines
// with a word.
func (c Command) Curl(t *testing.T) {
	t.Helper()
	require.Equal(t, "curl", c.Args[0])
	method, url, body, header := "", "", "", http.Header{}
	options, word := c.piped(t)
	for args := options; len(args) > 0; args = args[1:] {
		switch {
		case args[0] == "-X" && len(args) > 1:
			method, args = args[1], args[1:]
		case strings.HasPrefix(args[0], "-X"):
			method = args[0][2:]
		case args[0] == "-s":
		case args[0] == "-H" && len(args) > 1:
			name, value, _ := strings.Cut(args[1], ": ")
			header.Set(name, value)
			args = args[1:]
		case args[0] == "-d" && len(args) > 1:
			body, args = args[1], args[1:]
		case args[0] == "--json" && len(args) > 1:
			body, args = args[1], args[1:]
			header.Set("Content-Type", "application/json")
			header.Set("Accept", "application/json")
		default:
			url = "http://" + strings.TrimPrefix(args[0], "http://")
		}
	}
	if method == "" && body != "" {
		method = http.MethodPost
	}
	if body != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl says of -d
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err, "%q", c.Args)
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err, "%q", c.Args)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "%q", c.Args)
	c.compare(t, strings.TrimSpace(grep(string(answer), word)))
}

// piped returns the arguments of curl, and the word of "| grep WORD" behind them; "" without
// one.
func (c Command) piped(t *testing.T) (options []string, word string) {
	t.Helper()
	i := slices.Index(c.Args, "|")
	if i < 0 {
		return c.Args[1:], ""
	}
	require.Len(t, c.Args, i+3, "%q", c.Args)
	require.Equal(t, "grep", c.Args[i+1], "%q", c.Args)
	return c.Args[1:i], c.Args[i+2]
}

// grep returns the lines of a text that contain a word.
func grep(text, word string) string {
	var all strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			all.WriteString(line)
		}
	}
	return all.String()
}

// compare fails the test unless answer is the one of the README, in which each "…" stands for
// any text.
func (c Command) compare(t *testing.T, answer string) {
	t.Helper()
	if !strings.Contains(c.Answer, "…") {
		require.Equal(t, c.Answer, answer, "%q", c.Args)
		return
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(c.Answer), "…", ".*")
	require.Regexp(t, "^"+pattern+"$", answer, "%q", c.Args)
}
