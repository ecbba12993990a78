package measure

import "sync/atomic"

// sink keeps the compiler from removing what the cases of the tests do.
var sink atomic.Int64
