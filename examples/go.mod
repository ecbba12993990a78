module github.com/typedkit/endpoint/examples

go 1.27

toolchain go1.27.1

require (
	github.com/go-chi/chi/v5 v5.5.0
	github.com/stretchr/testify v1.12.1
	github.com/typedkit/endpoint v0.0.0
	golang.org/x/time v0.16.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace github.com/typedkit/endpoint => ../
