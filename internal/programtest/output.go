package programtest

import (
	"bytes"
	"sync"
)

// An output keeps what a process writes, and hands out its lines one after the other.
type output struct {
	mu      sync.Mutex // guards the fields below
	changed sync.Cond
	text    []byte
	read    int // how much of text has been handed out
	ended   bool
}

func newOutput() *output {
	o := new(output)
	o.changed.L = &o.mu
	return o
}

// Write never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	o.changed.Broadcast()
	return len(p), nil
}

// end notes that the process has ended.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.changed.Broadcast()
}

// next waits for the next line. It returns false at the end of the process.
func (o *output) next() (line string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		rest := o.text[o.read:]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			o.read += i + 1
			return string(rest[:i]), true
		}
		if o.ended {
			o.read = len(o.text)
			return string(rest), len(rest) > 0
		}
		o.changed.Wait()
	}
}

// skip passes over the lines that have been written so far.
func (o *output) skip() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.read = bytes.LastIndexByte(o.text, '\n') + 1
}

// String returns all that has been written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}
