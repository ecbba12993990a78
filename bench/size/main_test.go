package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain runs a tool where the go command runs this test in place of one.
func TestMain(m *testing.M) {
	if os.Getenv(recordVariable) != "" {
		os.Exit(runTool(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// testProgram returns the program, and what it prints.
func testProgram() (p program, stdout, stderr *strings.Builder) {
	stdout, stderr = new(strings.Builder), new(strings.Builder)
	return program{folder: folder(), stdout: stdout, stderr: stderr}, stdout, stderr
}

func TestParse(t *testing.T) {
	t.Parallel()
	p, _, _ := testProgram()
	o, err := p.parse(nil)
	if err != nil || o.partial() || o.Smoke || o.Rounds != fullRounds || o.endpoints != fullEndpoints || o.routes != fullRoutes || o.Out != p.folder {
		t.Errorf("without flags the options are %+v, %v", o, err)
	}
	o, err = p.parse([]string{"-smoke"})
	if err != nil || o.partial() || !o.Smoke || o.Rounds != smokeRounds || o.endpoints != smokeEndpoints || o.routes != smokeRoutes {
		t.Errorf("-smoke makes the options %+v, %v", o, err)
	}
	o, err = p.parse([]string{"-only", "mount,http", "-rounds", "1"})
	if err != nil || !o.partial() || !slices.Equal(o.only, []string{variantHTTP, subjectMount}) || o.Rounds != 1 || o.endpoints != fullEndpoints {
		t.Errorf("-only makes the options %+v, %v", o, err)
	}
	if o, err = p.parse([]string{"-list", "5"}); err != nil || !o.partial() {
		t.Errorf("-list makes the options %+v, %v", o, err)
	}
}

func TestParseFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"an argument", `unexpected argument "http": it takes flags only`, []string{"http"}},
		{"no rounds", "-rounds 0: it must be at least 1", []string{"-rounds", "0"}},
		{"an unknown subject", `-only "ftp": it must be of http, grpc, stream, chain, byhand, connect, huma, mount`, []string{"-only", "http,ftp"}},
		{"fewer than no symbols", "-list -1: it must be at least 0", []string{"-list", "-1"}},
		{"a folder for a smoke run", "-smoke, -only and -list write no file, so they take no -out", []string{"-smoke", "-out", "x"}},
		{"a folder for a part", "-smoke, -only and -list write no file, so they take no -out", []string{"-only", "http", "-out", "x"}},
		{"an empty folder name", "-out is empty: name the folder for the results", []string{"-out", ""}},
		{"an unknown flag", "flag provided but not defined: -fixed", []string{"-fixed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, stderr := testProgram()
			if _, err := p.parse(tt.args); err == nil || err.Error() != tt.want {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
			if status := p.main(t.Context(), tt.args); status != exitUsage || !strings.HasPrefix(stderr.String(), "size: "+tt.want) {
				t.Errorf("the exit status is %d after\n%s", status, stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	p, stdout, _ := testProgram()
	if _, err := p.parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("the error is %v, want %v", err, flag.ErrHelp)
	}
	for _, name := range []string{"-smoke", "-rounds", "-only", "-list", "-keep", "-out", "http, grpc,"} {
		if !strings.Contains(stdout.String(), name) {
			t.Errorf("the help lacks %s:\n%s", name, stdout)
		}
	}
}

// TestPart measures a part, keeps its programs and lists symbols.
func TestPart(t *testing.T) {
	t.Parallel()
	p, stdout, stderr := testProgram()
	keep := filepath.Join(t.TempDir(), "kept")
	args := []string{"-smoke", "-only", "chain", "-rounds", "2", "-list", "3", "-keep", keep}
	if status := p.main(t.Context(), args); status != exitOK {
		t.Fatalf("the exit status is %d after\n%s", status, stderr)
	}
	for _, want := range []string{"Chain of three policies", "≤ 18 KB", "of one more endpoint\n", " others)\n", "sections of the file"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, stdout)
		}
	}
	if _, err := os.Stat(filepath.Join(keep, "chain003", "main.go")); err != nil {
		t.Errorf("the programs are not kept: %v", err)
	}
	if status := p.main(t.Context(), args); status != exitFailed || !strings.Contains(stderr.String(), "is not empty") {
		t.Errorf("with a folder that is not empty, the exit status is %d after\n%s", status, stderr)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, stdout, stderr := testProgram()
	if status := p.main(ctx, []string{"-smoke"}); status != exitInterrupted || stdout.Len() > 0 || !strings.HasSuffix(stderr.String(), "size: stopped; nothing was written\n") {
		t.Errorf("the exit status is %d; it prints %q after\n%s", status, stdout, stderr)
	}
}
