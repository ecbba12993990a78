package main

import (
	"errors"
	"testing"
)

func TestChangers(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{kindLeastRequest, kindKit} {
		for _, read := range []bool{false, true} {
			c, err := newChanger(kind, read)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.change(2), c.beside(1000)); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	if _, err := newChanger("nobody's", false); err == nil {
		t.Error("an unknown kind is no error")
	}
}
