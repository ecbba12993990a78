package httpx

import (
	"net/http"
	"reflect"
	"strings"
)

// What is here asks a chi router by reflection: the types of chi are in the
// signatures of its methods, which no interface of ours can name.

// chiHandles says that router is one of chi and has a handler of one path for a
// request.
func chiHandles(router any, method, path string) bool {
	patterns := chiMatch(router, method, path)
	if len(patterns) == 0 {
		return false
	}
	mounts, last := patterns[:len(patterns)-1], patterns[len(patterns)-1]
	if strings.HasSuffix(last, "*") {
		return false
	}
	for _, m := range mounts {
		_, router = chiRoute(router, m)
	}
	if handlers, _ := chiRoute(router, last); handlers[method] != nil {
		return true
	}
	// Mount("/sub", h) sends "/sub" and "/sub/" to h, too, by handlers that Routes
	// does not list. Both are the root of h, which may have none.
	_, mounted := chiRoute(router, strings.TrimSuffix(last, "/")+"/*")
	return mounted != nil && chiHandles(mounted, method, "/")
}

// chiMatch returns the patterns by which router finds a handler, one of each
// router on the way. The method is Match(ctx *chi.Context, method, path string) bool.
func chiMatch(router any, method, path string) []string {
	match := reflect.ValueOf(router).MethodByName("Match")
	if !match.IsValid() {
		return nil
	}
	t, text := match.Type(), reflect.TypeFor[string]()
	if t.NumIn() != 3 || t.In(0).Kind() != reflect.Pointer || t.In(0).Elem().Kind() != reflect.Struct || t.In(1) != text || t.In(2) != text || t.NumOut() != 1 || t.Out(0).Kind() != reflect.Bool {
		return nil
	}
	ctx := reflect.New(t.In(0).Elem())
	if !match.Call([]reflect.Value{ctx, reflect.ValueOf(method), reflect.ValueOf(path)})[0].Bool() {
		return nil
	}
	return fieldOf[[]string](ctx.Elem(), "RoutePatterns")
}

// chiRoute returns the handlers that router lists for a pattern, by their
// methods, and the router that is mounted there. The method is Routes() []chi.Route.
func chiRoute(router any, pattern string) (map[string]http.Handler, any) {
	if router == nil {
		return nil, nil
	}
	routes := reflect.ValueOf(router).MethodByName("Routes")
	if !routes.IsValid() || routes.Type().NumIn() != 0 || routes.Type().NumOut() != 1 {
		return nil, nil
	}
	list := routes.Call(nil)[0]
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Struct {
		return nil, nil
	}
	for i := range list.Len() {
		route := list.Index(i)
		if fieldOf[string](route, "Pattern") == pattern {
			return fieldOf[map[string]http.Handler](route, "Handlers"), fieldOf[any](route, "SubRoutes")
		}
	}
	return nil, nil
}

// fieldOf returns a field of a struct, or the zero value if it has none of that
// name and type.
func fieldOf[T any](of reflect.Value, name string) T {
	f := of.FieldByName(name)
	if !f.IsValid() {
		return *new(T)
	}
	value, _ := reflect.TypeAssert[T](f)
	return value
}
