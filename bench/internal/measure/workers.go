package measure

import (
	"errors"
	"sync"
)

// OnWorkers splits n among workers, which call run at the same time, each with its number and
// its share. It returns their errors, joined.
func OnWorkers(workers, n int, run func(worker, share int) error) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		share := n / workers
		if i < n%workers {
			share++
		}
		wg.Go(func() { errs[i] = run(i, share) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
