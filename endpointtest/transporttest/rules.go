package transporttest

import (
	"context"
	"math"

	"github.com/typedkit/endpoint"
)

func testRules(k *kit) {
	for _, kd := range k.kinds() {
		handled := false
		e := k.scripted(kd, script{then: func(context.Context) error { handled = true; return nil }}, setup{})
		for _, r := range []struct {
			name string
			bad  Message
			want string
		}{
			{"a tag", Message{Number: math.MinInt64}, "must be at least -9223372036854775807"},
			{"Validate", Message{Text: invalidText}, "the text is the one that is not valid"},
		} {
			what := kd.name + ": " + r.name
			_, err := kd.call(k.ctx, e.Zoo, r.bad)
			k.wantIdentity(what, err, endpoint.InvalidArgument, "endpoint/INVALID_REQUEST")
			if !k.tr.limited(ErrorDetails) {
				k.wantEqual(what+": the violations", detailsOf(err), []string{r.want})
			}
			k.wantEqual(what+": the handler got a message", handled, false)
		}
		k.wantAlive(kd.name, e)
	}
}

// detailsOf returns what the violations of an error say. Their places are a transport's own.
func detailsOf(err error) []string {
	details := []string{}
	if err == nil {
		return details
	}
	for _, v := range endpoint.ErrorOf(err).Violations() {
		details = append(details, v.Detail)
	}
	return details
}
