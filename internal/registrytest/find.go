package registrytest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// find returns the program that an environment variable names.
func find(t *testing.T, variable, script string) string {
	t.Helper()
	program := os.Getenv(variable)
	if program == "" {
		missing(t, "%s does not name the program; %s builds it and prints where it is", variable, script)
	}
	return program
}

// missing skips a test that lacks a program, and fails it where ENDPOINT_CI is set.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("ENDPOINT_CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// answers reports why the body at a URL does not contain a text.
func answers(ctx context.Context, url, text string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Close = true // no goroutine of the client is left
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(body), text) {
		err = fmt.Errorf("%s: %s %s", url, resp.Status, body)
	}
	return err
}
