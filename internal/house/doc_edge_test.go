package house

import (
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An edge is a rule on what packages compile, themselves or through what they
// import. Packages of this project are written "." (the root), "./codec", or
// "./httpx/..." for a package and all below it; others by their import path.
type edge struct {
	name   string
	of     []string // the packages that the rule binds
	except []string // but not these
	std    bool     // nothing but the standard library and packages of this project
	only   []string // with std: nothing else but themselves and these
	never  []string // none of these
	later  bool     // the packages need not exist yet
	reason string
}

// siblings are joined by users, in any combination.
var siblings = []string{"httpx", "grpcx", "jsonrpcx", "natsx", "netrpcx", "resilience", "observe", "discover", "auth"}

// edges returns the rules of the project.
func edges() []edge {
	rules := []edge{
		{
			name: "root is std only", of: []string{"."}, std: true, only: []string{"./internal/..."},
			reason: "who imports an endpoint's types gets no other module with them",
		},
		{
			name: "root without net/http", of: []string{"."}, never: []string{"net/http"},
			reason: "the core knows no transport; a program that speaks gRPC alone links no HTTP server",
		},
		{
			name: "codec is std only", of: []string{"./codec"}, std: true,
			only:   []string{".", "./internal/...", "./codec/internal/..."},
			reason: "a codec that needs another module is a package of its own below codec",
		},
		{
			name: "httpx is std and chi only", of: []string{"./httpx/..."}, std: true,
			only:   []string{".", "./codec", "./codec/internal/...", "./internal/...", "./httpx/...", "./endpointtest", "github.com/go-chi/chi/v5"},
			reason: "the routers that it mounts on are net/http's and chi's, whose hooks are in its types; chi itself imports the standard library only",
		},
		{
			name: "httpx without its document", of: []string{"./httpx"}, never: []string{"./httpx/openapi/..."},
			reason: "openapi stands on httpx; a program without a document links none",
		},
		{
			name: "jsonrpcx is httpx's only", of: []string{"./jsonrpcx"}, std: true,
			only:   []string{".", "./codec", "./codec/internal/...", "./internal/...", "./httpx", "github.com/go-chi/chi/v5"},
			reason: "it stands on httpx and brings nothing of its own",
		},
		{
			name: "netrpcx is std only", of: []string{"./netrpcx"}, std: true, never: []string{"net/http", "net/rpc"},
			only:   []string{".", "./codec", "./codec/internal/...", "./internal/..."},
			reason: "the protocol needs no more; net/rpc brings net/http and a page for debugging",
		},
		{
			name: "observe is std only", of: []string{"./observe"}, std: true, later: true,
			only:   []string{".", "./internal/...", "./observe/internal/..."},
			reason: "logs need no telemetry library; otelx and promx bring theirs",
		},
		{
			name: "discover is std only", of: []string{"./discover"}, std: true,
			only:   []string{".", "./internal/..."},
			reason: "a pool of fixed addresses needs no client of any registry; dns and those of registries are packages of their own",
		},
		{
			name: "server knows no transport but HTTP", of: []string{"./server/..."}, std: true,
			only: []string{
				".", "./codec", "./codec/internal/...", "./internal/...", "./httpx", "./discover", "./observe", "./observe/internal/...",
				"./server/...", "github.com/go-chi/chi/v5",
			},
			reason: "a program that serves HTTP alone links no gRPC, and brings its own policies",
		},
		{
			name: "auth is std only", of: []string{"./auth"}, std: true, never: []string{"net/http"},
			only:   []string{".", "./internal/..."},
			reason: "a declaration of who calls is in the package that all programs of a service import",
		},
		{
			name: "endpointtest is std only", of: []string{"./endpointtest"}, std: true,
			only:   []string{".", "./internal/..."},
			reason: "tests of any package use it, the root's too",
		},
		{
			name: "transporttest knows no transport", of: []string{"./endpointtest/transporttest"}, std: true,
			only: []string{".", "./internal/...", "./endpointtest", "./auth"}, never: []string{"net/http"},
			reason: "the test of a transport compiles no other transport",
		},
		{
			name: "registrytest knows no registry", of: []string{"./internal/registrytest"}, never: []string{"./discover/dns/...", "./grpcx/..."},
			reason: "the tests of one registry compile no client of another",
		},
		{
			name: "no programs", of: []string{"./..."}, never: []string{"./examples/...", "./bench/..."},
			reason: "examples and measurements show the library; it does not need them",
		},
		{
			name: "testing in test kits only", of: []string{"./..."},
			except: []string{"./endpointtest", "./endpointtest/transporttest", "./httpx/httpxtest", "./discover/discovertest", "./internal/registrytest", "./internal/programtest", "./internal/browser"},
			never:  []string{"testing"},
			reason: "the package testing brings its flags and its weight into a program",
		},
	}
	for _, s := range siblings {
		rules = append(rules, edge{
			name: s + " apart", of: []string{"./" + s + "/..."}, never: others(s), later: s != "httpx",
			reason: "siblings meet in the user's program only, so that none brings another's modules",
		})
	}
	return rules
}

// base is the sibling that another one stands on.
var base = map[string]string{"jsonrpcx": "httpx"}

// others returns the patterns of the siblings that s must not import.
func others(s string) []string {
	var patterns []string
	for _, o := range siblings {
		if o != s && o != base[s] {
			patterns = append(patterns, "./"+o+"/...")
		}
	}
	return patterns
}

// TestEdges checks the rules on what `go list -deps` says of the main module.
func TestEdges(t *testing.T) {
	t.Parallel()
	pkgs := list(t, checkout(t), "-deps", "./...")
	for _, e := range edges() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			report(t, e.faults(pkgs), e.reason)
		})
	}
}

// faults returns what breaks the rule in pkgs, which are complete.
func (e edge) faults(pkgs []listed) []string {
	std := make(map[string]bool)
	for _, p := range pkgs {
		std[p.ImportPath] = p.Standard
	}
	var faults []string
	bound := 0
	for _, p := range pkgs {
		if p.DepOnly || !matches(e.of, p.ImportPath) || matches(e.except, p.ImportPath) {
			continue
		}
		bound++
		for _, dep := range p.Deps {
			if why := e.forbids(p.ImportPath, dep, std[dep]); why != "" {
				faults = append(faults, p.ImportPath+" compiles "+dep+": "+why)
			}
		}
	}
	if bound == 0 && !e.later {
		faults = append(faults, "no package is "+strings.Join(e.of, " or ")+": the rule checks nothing")
	}
	return faults
}

// forbids says why importer may not compile dep; "" if it may.
func (e edge) forbids(importer, dep string, std bool) string {
	_, isOwn := own(dep)
	switch {
	case matches(e.never, dep):
		return "never"
	case !e.std || std || dep == importer || matches(e.only, dep):
		return ""
	case !isOwn:
		return "not in the standard library"
	}
	return "not among " + strings.Join(e.only, " ")
}

// matches reports whether the package is one of the patterns.
func matches(patterns []string, importPath string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if !strings.HasPrefix(pattern, ".") {
			return pattern == importPath
		}
		folder, isOwn := own(importPath)
		if !isOwn {
			return false
		}
		if pattern == "./..." {
			return true
		}
		dir, deep := strings.CutSuffix(strings.TrimPrefix(pattern, "./"), "/...")
		return folder == dir || deep && under(folder, dir)
	})
}

// TestEdgesBroken breaks each rule once.
func TestEdgesBroken(t *testing.T) {
	t.Parallel()
	const x = "example.com/x"
	for _, tt := range []struct{ rule, folder, dep string }{
		{"root is std only", ".", x},
		{"root is std only", ".", module + "/codec"},
		{"root without net/http", ".", "net/http"},
		{"codec is std only", "codec", x},
		{"codec is std only", "codec", "github.com/go-chi/chi/v5"},
		{"codec is std only", "codec", module + "/httpx"},
		{"httpx is std and chi only", "httpx", x},
		{"httpx is std and chi only", "httpx/openapi", x},
		{"httpx without its document", "httpx", module + "/httpx/openapi"},
		{"httpx is std and chi only", "httpx", "github.com/go-chi/chi/v5/middleware"},
		{"httpx is std and chi only", "httpx", module + "/codec/cbor"},
		{"observe is std only", "observe", x},
		{"server knows no transport but HTTP", "server", module + "/grpcx"},
		{"server knows no transport but HTTP", "server/internal/health", module + "/resilience"},
		{"server knows no transport but HTTP", "server", "google.golang.org/grpc"},
		{"endpointtest is std only", "endpointtest", module + "/httpx"},
		{"transporttest knows no transport", "endpointtest/transporttest", module + "/httpx"},
		{"transporttest knows no transport", "endpointtest/transporttest", module + "/codec"},
		{"transporttest knows no transport", "endpointtest/transporttest", "net/http"},
		{"transporttest knows no transport", "endpointtest/transporttest", x},
		{"registrytest knows no registry", "internal/registrytest", module + "/discover/dns"},
		{"no programs", "server", module + "/examples/services/addsvc"},
		{"no programs", "server", module + "/bench"},
		{"testing in test kits only", "httpx", "testing"},
		{"httpx apart", "httpx/openapi", module + "/resilience"},
		{"grpcx apart", "grpcx", module + "/httpx"},
		{"jsonrpcx apart", "jsonrpcx", module + "/grpcx"},
		{"jsonrpcx is httpx's only", "jsonrpcx", x},
		{"jsonrpcx is httpx's only", "jsonrpcx", module + "/discover"},
		{"netrpcx apart", "netrpcx", module + "/httpx"},
		{"netrpcx is std only", "netrpcx", x},
		{"netrpcx is std only", "netrpcx", "net/http"},
		{"resilience apart", "resilience", module + "/observe/otelx"},
		{"observe apart", "observe/promx", module + "/discover"},
		{"discover apart", "discover", module + "/grpcx"},
	} {
		t.Run(tt.rule+" by "+tt.dep, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(edges(), func(e edge) bool { return e.name == tt.rule })
			if i < 0 {
				t.Fatalf("no rule %q", tt.rule)
			}
			pkgs := []listed{
				{ImportPath: path.Join(module, tt.folder), Deps: []string{tt.dep, "context"}},
				{ImportPath: tt.dep, DepOnly: true, Standard: tt.dep == "testing" || tt.dep == "net/http"},
				{ImportPath: "context", DepOnly: true, Standard: true},
			}
			if faults := edges()[i].faults(pkgs); len(faults) != 1 {
				t.Errorf("faults of %s that compiles %s: got %q, want one", tt.folder, tt.dep, faults)
			}
		})
	}
}

// TestEdgesKept has, for each kind of rule, what it must let pass.
func TestEdgesKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ rule, folder, dep string }{
		{"root is std only", ".", module + "/internal/ring"},
		{"codec is std only", "codec", module},
		{"codec is std only", "codec/cbor", "example.com/cbor"},
		{"httpx is std and chi only", "httpx", module + "/codec"},
		{"httpx is std and chi only", "httpx", "github.com/go-chi/chi/v5"},
		{"httpx is std and chi only", "httpx/openapi", module + "/httpx"},
		{"observe is std only", "observe/otelx", "example.com/otel"},
		{"server knows no transport but HTTP", "server", module + "/httpx"},
		{"testing in test kits only", "httpx/httpxtest", "testing"},
		{"testing in test kits only", "endpointtest/transporttest", "testing"},
		{"transporttest knows no transport", "endpointtest/transporttest", module + "/endpointtest"},
		{"httpx apart", "httpx/openapi", module + "/httpx"},
		{"jsonrpcx apart", "jsonrpcx", module + "/httpx"},
		{"grpcx apart", "grpcx", module + "/codec"},
	} {
		t.Run(tt.rule+" with "+tt.dep, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(edges(), func(e edge) bool { return e.name == tt.rule })
			if i < 0 {
				t.Fatalf("no rule %q", tt.rule)
			}
			e := edges()[i]
			e.later = true // a package that the rule does not bind leaves it empty
			pkgs := []listed{{ImportPath: path.Join(module, tt.folder), Deps: []string{tt.dep}}}
			if faults := e.faults(pkgs); len(faults) != 0 {
				t.Errorf("faults of %s that compiles %s: got %q, want none", tt.folder, tt.dep, faults)
			}
		})
	}
}

// TestEdgeWithoutPackages has a rule whose package was renamed.
func TestEdgeWithoutPackages(t *testing.T) {
	t.Parallel()
	e := edge{of: []string{"./codecs"}, std: true}
	if faults := e.faults([]listed{{ImportPath: module + "/codec"}}); len(faults) != 1 {
		t.Errorf("faults of a rule that binds no package: got %q, want one", faults)
	}
}

// TestEdgesOfNestedModules checks what the main module's `go list` does not
// see: the imports of the nested modules, by their files.
func TestEdgesOfNestedModules(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	var faults []string
	for _, name := range tracked(t, root) {
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, filepath.FromSlash(name)), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if why := strays(name, imported); why != "" {
				faults = append(faults, name+" imports "+imported+": "+why)
			}
		}
	}
	report(t, faults, "imports between folders")
}

// TestWorkspace keeps go.work, and with it the set-up commands of README.md, to the two
// modules without a client of a registry.
func TestWorkspace(t *testing.T) {
	t.Parallel()
	const want = "use (\n\t.\n\t./examples\n)\n"
	if text := read(t, checkout(t), "go.work"); !strings.HasSuffix(text, want) {
		t.Errorf("go.work lists other modules than these:\n%s\nOthers raise the versions of the library in every local build. It is:\n%s", want, text)
	}
}

// strays says why the file may not import the package; "" if it may.
func strays(name, imported string) string {
	folder, isOwn := own(imported)
	if !isOwn {
		return ""
	}
	for _, programs := range []string{"examples", "bench"} {
		// The documents of the examples are checked there, with tools that no program needs.
		if under(folder, programs) && !under(name, programs) && !under(name, "httpx/openapi/interoptest") {
			return "nothing imports " + programs
		}
	}
	if strings.HasSuffix(name, "_test.go") {
		return "" // siblings are tested together
	}
	for _, s := range siblings {
		if under(name, s) && matches(others(s), imported) {
			return "siblings never import each other"
		}
	}
	return ""
}

func TestStrays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, imported string
		ok             bool
	}{
		{"server/server.go", module + "/httpx", true},
		{"httpx/mount.go", module, true},
		{"httpx/mount.go", "net/http", true},
		{"httpx/mount.go", module + "/resilience", false},
		{"httpx/mount_test.go", module + "/resilience", true},
		{"discover/etcd/etcd.go", module + "/discover", true},
		{"discover/etcd/etcd.go", module + "/grpcx", false},
		{"natsx/client.go", module + "/httpx", false},
		{"natsx/server_example_test.go", module + "/httpx", true},
		{"resilience/redislimit/limit.go", module + "/httpx/httpxtest", false},
		{"examples/services/apigateway/main.go", module + "/examples/services/addsvc", true},
		{"bench/chain/main.go", module + "/examples/services/addsvc", false},
		{"bench/chain/main_test.go", module + "/examples/services/addsvc", false},
		{"server/server.go", module + "/bench", false},
		{"jsonrpcx/client.go", module + "/httpx", true},
		{"jsonrpcx/client.go", module + "/grpcx", false},
	} {
		if why := strays(tt.name, tt.imported); (why == "") != tt.ok {
			t.Errorf("strays(%q, %q) = %q, want a fault: %v", tt.name, tt.imported, why, !tt.ok)
		}
	}
}
