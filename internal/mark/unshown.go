package mark

// Unshown marks err as the cause of an error whose violations say all of it that may be
// shown. The text of a decoder may repeat what was sent, as that of an
// encoding.TextUnmarshaler does, and what is secret would be in logs. errors.Is and
// errors.As find err. A nil err stays nil.
func Unshown(err error) error {
	if err == nil {
		return nil
	}
	return &unshown{err: err}
}

type unshown struct {
	err    error
	partly bool
}

func (*unshown) Error() string   { return "the cause is not shown" }
func (u *unshown) Unwrap() error { return u.err }

// IsUnshown reports whether err itself is marked by [Unshown].
func IsUnshown(err error) bool {
	_, ok := err.(*unshown) //nolint:errorlint // the errors that it wraps are not
	return ok
}
