// Package playground checks requests by the tags of go-playground/validator, version 10, for
// services that have such tags already. [New] makes the reader for httpx.ReadTags.
package playground
