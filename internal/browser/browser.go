// Package browser drives a real Chromium in tests: it opens pages, evaluates JavaScript in
// them, presses keys and changes the size of the window. It speaks the DevTools protocol
// over a pipe.
package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// patience is how long a command, or a condition of a page, may take.
const patience = time.Minute

// A Browser is a Chromium without a window.
type Browser struct {
	commands io.Writer
	ctx      context.Context // ends with the browser

	mu      sync.Mutex // guards the fields below
	last    int
	waiting map[int]chan reply
	pages   map[string]*Page // by session
}

// A reply is what the browser answers to a command.
type reply struct {
	Result jsontext.Value `json:"result"`
	Error  struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Start starts a browser, which ends with the test. The test is skipped where there is none.
// args are added to the command line.
func Start(t *testing.T, args ...string) *Browser {
	t.Helper()
	commands, toBrowser := pipe(t)
	fromBrowser, answers := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, programtest.Find(t, "chromium"), append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir=" + t.TempDir(),
	}, args...)...)
	// A browser is many processes. They end together, and Wait waits for all of them,
	// because they share its output: then nobody writes to the folder.
	var output bytes.Buffer
	cmd.Stderr, cmd.ExtraFiles = &output, []*os.File{commands, answers}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	_, _ = commands.Close(), answers.Close()

	b := &Browser{commands: toBrowser, ctx: ctx, waiting: make(map[int]chan reply), pages: make(map[string]*Page)}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer cancel()
		b.read(fromBrowser)
	})
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		reading.Wait()
		_, _ = toBrowser.Close(), fromBrowser.Close()
		if t.Failed() {
			t.Log("the browser says ", output.String())
		}
	})
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	return r, w
}

// read passes replies and events on until the browser ends. Each ends with a zero byte.
func (b *Browser) read(from io.Reader) {
	messages := bufio.NewReader(from)
	for {
		text, err := messages.ReadBytes(0)
		if err != nil {
			return
		}
		var m struct {
			ID        int            `json:"id"`
			SessionID string         `json:"sessionId"`
			Method    string         `json:"method"`
			Params    jsontext.Value `json:"params"`
			reply
		}
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m) != nil {
			continue
		}
		b.mu.Lock()
		waiting, page := b.waiting[m.ID], b.pages[m.SessionID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if waiting != nil {
			waiting <- m.reply
		}
		if page != nil && m.Method != "" {
			page.note(m.Method, m.Params)
		}
	}
}

// do sends a command to a session, which is empty for the browser itself, and reads its
// result into out, unless that is nil.
func (b *Browser) do(t *testing.T, session, method string, params map[string]any, out any) {
	t.Helper()
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	command := map[string]any{"id": id, "method": method, "params": params}
	if session != "" {
		command["sessionId"] = session
	}
	text, err := json.Marshal(command)
	require.NoError(t, err)
	_, err = b.commands.Write(append(text, 0))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	select {
	case r := <-answer:
		require.Empty(t, r.Error.Message, "%s %v", method, params)
		if out != nil {
			require.NoError(t, json.Unmarshal(r.Result, out))
		}
	case <-ctx.Done():
		require.Fail(t, "no answer of the browser", "%s %v: %v", method, params, fmt.Sprint(ctx.Err()))
	}
}
