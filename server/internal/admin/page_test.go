package admin_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPageIsStrict has a page that works under its policy: nothing inline, nothing from
// elsewhere, and nothing that makes HTML of a text.
func TestPageIsStrict(t *testing.T) {
	t.Parallel()
	h := handler(t, newSource())
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
		"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	for _, path := range []string{"/", "/page.css", "/page.js", "/endpoints"} {
		resp := get(t, h, path)
		body := resp.body
		require.Equal(t, want, resp.header.Get("Content-Security-Policy"), path)
		require.NotEmpty(t, body)
		require.NotRegexp(t, `https?://|//[a-z]+\.|<style|<script>|\sstyle=|\son[a-z]+="`, body, path)
		require.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`, body, path)
	}
}
