package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The media types.
const (
	eventType = "text/event-stream"
	linesType = "application/x-ndjson"
	jsonType  = "application/json"
)

// The limits, which are httpx's own.
const (
	maxItem   = 1 << 20  // of a request
	maxEvent  = 16 << 20 // of a response
	maxAnswer = 16 << 20
)

// handServer returns the handlers that one writes with net/http and
// encoding/json/v2.
func handServer() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quotes", handWatch)
	mux.HandleFunc("POST /quotes", handSend)
	return mux
}

// handWatch sends each quote as an event, as soon as it is there.
func handWatch(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		http.Error(w, "n: must be an integer", http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Type", eventType)
	h.Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(w).Flush
	var buf bytes.Buffer
	for q := range quotes(n) {
		buf.Reset()
		buf.WriteString("id: ")
		buf.Write(strconv.AppendInt(buf.AvailableBuffer(), int64(q.N), 10))
		buf.WriteString("\ndata: ")
		if err := json.MarshalWrite(&buf, &q); err != nil {
			fmt.Fprint(w, "event: error\ndata: {\"status\":500}\n\n")
			return
		}
		buf.WriteString("\n\n")
		if _, err := w.Write(buf.Bytes()); err != nil {
			return
		}
		if err := flush(); err != nil {
			return
		}
	}
	fmt.Fprint(w, "event: end\ndata: {}\n\n")
}

// handSend adds up the quotes of a request.
func handSend(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Type") != linesType {
		http.Error(w, "not "+linesType, http.StatusUnsupportedMediaType)
		return
	}
	var t total
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, maxItem)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var q quote
		if err := json.Unmarshal(lines.Bytes(), &q, json.RejectUnknownMembers(true)); err != nil {
			http.Error(w, "an item cannot be read", http.StatusBadRequest)
			return
		}
		t.add(q)
	}
	if err := lines.Err(); err != nil {
		http.Error(w, "the items broke off", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.MarshalWrite(w, &t)
}

// handClient is the client that one writes.
type handClient struct {
	base string
	http *http.Client
}

func newHandClient(base string, transport http.RoundTripper) *handClient {
	return &handClient{base: base, http: &http.Client{Transport: transport}}
}

func (c *handClient) watch(ctx context.Context, n int) (total, error) {
	var t total
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/quotes?n="+strconv.Itoa(n), nil)
	if err != nil {
		return t, err
	}
	r.Header.Set("Accept", eventType)
	resp, err := c.http.Do(r)
	if err != nil {
		return t, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != eventType {
		return t, fmt.Errorf("the answer has the status %s", resp.Status)
	}
	lastID, err := readEvents(resp.Body, func(data []byte) error {
		var q quote
		if err := json.Unmarshal(data, &q); err != nil {
			return err
		}
		t.add(q)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("after the item %q: %w", lastID, err)
	}
	return t, err
}

var errBrokeOff = errors.New("the stream broke off")

// readEvents hands the data of each event to item, up to the event that ends the
// stream, and returns the last id, which is where to go on after an error.
func readEvents(r io.Reader, item func(data []byte) error) (lastID string, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	var name string
	var data []byte
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			switch {
			case name == "end":
				return lastID, nil
			case name == "error":
				return lastID, fmt.Errorf("the server failed: %s", data)
			case len(data) > 0:
				if err := item(data); err != nil {
					return lastID, err
				}
			}
			name, data = "", data[:0]
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "id":
			lastID = string(value)
		case "data":
			if len(data) > 0 {
				data = append(data, '\n')
			}
			data = append(data, value...)
			if len(data) > maxEvent {
				return lastID, errors.New("an event is too large")
			}
		}
	}
	if err := lines.Err(); err != nil {
		return lastID, err
	}
	return lastID, errBrokeOff
}

func (c *handClient) send(ctx context.Context, n int) (total, error) {
	var t total
	body, w := io.Pipe()
	defer func() { _ = body.Close() }() // ends the sender, if it goes on
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/quotes", body)
	if err != nil {
		return t, err
	}
	r.Header.Set("Content-Type", linesType)
	r.Header.Set("Accept", jsonType)
	go func() { _ = w.CloseWithError(writeLines(w, n)) }()
	resp, err := c.http.Do(r)
	if err != nil {
		return t, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), jsonType) {
		return t, fmt.Errorf("the answer has the status %s", resp.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(answer, &t)
	}
	return t, err
}

// writeLines writes each quote as a line, as soon as it is there.
func writeLines(w io.Writer, n int) error {
	var buf bytes.Buffer
	for q := range quotes(n) {
		buf.Reset()
		if err := json.MarshalWrite(&buf, &q); err != nil {
			return err
		}
		buf.WriteByte('\n')
		if _, err := w.Write(buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
