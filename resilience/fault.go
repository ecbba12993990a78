package resilience

import "fmt"

// fault returns nil if ok, else the error of a construction.
func fault(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("resilience: "+format, args...)
}
