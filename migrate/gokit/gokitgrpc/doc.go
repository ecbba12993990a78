// Package gokitgrpc has the functions of go-kit's package transport/grpc as layers of grpcx, and
// its servers and clients over typed endpoints, with errors that keep their identity. See
// package gokit.
//
// A layer has the name of the option that it stands for.
package gokitgrpc
