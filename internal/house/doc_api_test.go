package house

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestAPI compares the documentation of each public package with its golden
// text, so that a change of the API is seen in the change that makes it.
// (Tools that compare APIs overlook the constraints of generic methods.)
func TestAPI(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	golden := filepath.Join("testdata", "api")
	texts := make(map[string]bool) // those that have a package
	for _, m := range publicModules() {
		dir := filepath.Join(root, filepath.FromSlash(m))
		for _, p := range list(t, dir, "./...") {
			folder, ok := own(p.ImportPath)
			if !ok || !isPublic(p.Name, folder) {
				continue
			}
			name := apiFile(folder)
			texts[name] = true
			t.Run(folder, func(t *testing.T) {
				t.Parallel()
				got := string(command(t, dir, "go", "doc", "-all", p.ImportPath))
				compare(t, filepath.Join(golden, filepath.FromSlash(name)), got)
			})
		}
	}
	if len(texts) == 0 {
		t.Fatal("go list finds no public package")
	}
	for _, name := range stale(t, os.DirFS(golden), texts) {
		file := filepath.Join(golden, filepath.FromSlash(name))
		if !*update {
			t.Errorf("%s: its package is gone; remove it with -update", file)
		} else if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}

// publicModules returns the folders of the modules that users import.
func publicModules() []string {
	return []string{
		".",
		"auth/jwtx",
		"auth/oauth2x",
		"codec/avro",
		"discover/consul",
		"discover/etcd",
		"discover/zookeeper",
		"migrate/gokit",
		"httpx/playground",
		"natsx",
		"observe/zipkin",
		"resilience/redislimit",
		"thriftx",
	}
}

// isPublic reports whether users import the package.
func isPublic(name, folder string) bool {
	return name != "main" && !isInternal(folder) && !under(folder, "examples") && !under(folder, "bench")
}

// apiFile names the golden text of the package in folder.
func apiFile(folder string) string {
	if folder == "." {
		return path.Base(module) + ".txt"
	}
	return folder + ".txt"
}

// compare fails the test unless the file holds the text got. With -update it
// writes it.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		write(t, file, got)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("no golden text: %v; write it with -update", err)
	}
	if diff := changes(string(want), got); diff != "" {
		t.Errorf("the API differs from %s (- golden, + now); if that is meant, run with -update:\n%s", file, diff)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// stale returns the golden texts of packages that are gone.
func stale(t *testing.T, golden fs.FS, texts map[string]bool) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(golden, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".txt") && !d.IsDir() && !texts[name] {
			names = append(names, name)
		}
		return err
	})
	if err != nil && !*update {
		t.Fatal(err)
	}
	return names
}

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, folder string
		public       bool
	}{
		{"endpoint", ".", true},
		{"httpxtest", "httpx/httpxtest", true},
		{"house", "internal/house", false},
		{"plan", "httpx/internal/plan", false},
		{"main", "cmd/gen", false},
		{"addsvc", "examples/services/addsvc", false},
		{"bench", "bench", false},
		{"benchmark", "benchmark", true},
	} {
		if public := isPublic(tt.name, tt.folder); public != tt.public {
			t.Errorf("isPublic(%q, %q) = %v, want %v", tt.name, tt.folder, public, tt.public)
		}
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	golden := fstest.MapFS{"endpoint.txt": {}, "httpx.txt": {}, "httpx/httpxtest.txt": {}, "httpx/notes.md": {}}
	got := stale(t, golden, map[string]bool{"endpoint.txt": true, "httpx/httpxtest.txt": true})
	if want := []string{"httpx.txt"}; !slices.Equal(got, want) {
		t.Errorf("stale texts: got %q, want %q", got, want)
	}
}
