package mark

// Partly marks err as Unshown does, and as the cause of an error about a value of which all
// that was valid has been read: what has no violation has the value that was sent, or is
// absent. err may be nil.
func Partly(err error) error { return &unshown{err, true} }

// IsPartly reports whether err is marked by [Partly].
func IsPartly(err error) bool {
	u, ok := err.(*unshown) //nolint:errorlint // the errors that it wraps are not
	return ok && u.partly
}
