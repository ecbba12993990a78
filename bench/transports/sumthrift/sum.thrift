// The calls that bench/transports measures.

namespace go sumthrift

service Sums {
  i64 Sum(1: i64 a, 2: i64 b)
}
