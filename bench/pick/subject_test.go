package main

import (
	"errors"
	"testing"
)

// TestSubjects checks each subject as a run does.
func TestSubjects(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		for _, n := range []int{1, 2, 100} {
			s, err := newSubject(kind, n)
			if err != nil {
				t.Fatalf("%s, %d: %v", kind, n, err)
			}
			if err := s.check(n); err != nil {
				t.Errorf("%s, %d: %v", kind, n, err)
			}
			if !concurrent(kind) {
				continue
			}
			if err := onCores(2, s.run)(10); err != nil {
				t.Errorf("%s, %d, on two cores: %v", kind, n, err)
			}
		}
	}
	if _, err := newSubject("nobody's", 1); err == nil {
		t.Error("an unknown kind is no error")
	}
}

func TestCheckFindsFaults(t *testing.T) {
	t.Parallel()
	errLost := errors.New("lost")
	for want, pick := range map[string]func() (int, error){
		"lost":                            func() (int, error) { return 0, errLost },
		"it picked instance 5 of 5":       func() (int, error) { return 5, nil },
		"it picked 1 of 5 instances only": func() (int, error) { return 0, nil },
	} {
		if err := (subject{pick: pick}).check(5); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
