// The service of the tests, and of the examples in README.md.

namespace go zoothrift
namespace py zoothrift

struct Message {
  1: string text
  2: i64 number
  3: binary blob
  4: string trap
}

exception SoldOut {
  1: string item
  2: i32 left
}

service Zoo {
  Message unary(1: Message message)
  Message idempotent(1: Message message)
  void empty()
  i64 sum(1: i64 a, 2: i64 b)
  Message order(1: string item, 2: i32 count) throws (1: SoldOut soldOut)
  oneway void note(1: Message message)
}
