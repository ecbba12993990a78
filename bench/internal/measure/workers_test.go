package measure

import (
	"errors"
	"slices"
	"testing"
)

func TestOnWorkers(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	shares := make([]int, 3)
	err := OnWorkers(3, 8, func(worker, share int) error {
		shares[worker] = share
		if worker == 2 {
			return failed
		}
		return nil
	})
	if !errors.Is(err, failed) || !slices.Equal(shares, []int{3, 3, 2}) {
		t.Errorf("got %v, shares %v", err, shares)
	}
}
