// Package interoptest checks the documents of httpx/openapi with tools of others: the official
// schemas of OpenAPI, and a library for YAML.
package interoptest
