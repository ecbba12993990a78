package main

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite size64.go and size256.go from size16.go")

// TestSizes keeps the files for the sizes the same but for the size.
func TestSizes(t *testing.T) {
	source, err := os.ReadFile("size16.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, bytes := range sizes()[1:] {
		size := strconv.Itoa(bytes)
		name := "size" + size + ".go"
		want := copyFor(string(source), size)
		if *update {
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is no copy of size16.go; write it with: go test ./chain -run TestSizes -update", name)
		}
	}
}

// copyFor returns the source for another size. The comment at the top is that of
// size16.go alone.
func copyFor(source, size string) string {
	head, rest, _ := strings.Cut(source, "// This file has everything")
	_, rest, _ = strings.Cut(rest, "\n\n")
	return head + "// This file is a copy of size16.go for another size; see there.\n\n" + strings.ReplaceAll(rest, "16", size)
}
