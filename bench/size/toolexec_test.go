package main

import (
	"path/filepath"
	"testing"
)

func TestCompilesMain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want bool
	}{
		{"package main", []string{"/go/pkg/tool/compile", "-o", "x.a", "-p", "main", "main.go"}, true},
		{"on Windows", []string{"/go/pkg/tool/compile.exe", "-p", "main"}, true},
		{"another package", []string{"/go/pkg/tool/compile", "-p", "net/http"}, false},
		{"its version", []string{"/go/pkg/tool/compile", "-V=full"}, false},
		{"nothing after -p", []string{"/go/pkg/tool/compile", "-p"}, false},
		{"the assembler", []string{"/go/pkg/tool/asm", "-p", "main"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := compilesMain(tt.args); got != tt.want {
				t.Errorf("compilesMain(%q) = %v, want %v", tt.args, got, tt.want)
			}
		})
	}
}

func TestRunTool(t *testing.T) {
	t.Parallel()
	if got := runTool([]string{filepath.Join(t.TempDir(), "gone")}); got != 1 {
		t.Errorf("the exit status of a tool that is not there is %d, want 1", got)
	}
}
