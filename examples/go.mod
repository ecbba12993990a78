module github.com/typedkit/endpoint/examples

go 1.27

toolchain go1.27.1

require github.com/typedkit/endpoint v0.0.0

replace github.com/typedkit/endpoint => ../
