module github.com/typedkit/endpoint

go 1.27

toolchain go1.27.1

require (
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	golang.org/x/time v0.16.0 // indirect
)
