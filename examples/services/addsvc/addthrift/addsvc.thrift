// The messages of addsvc over Thrift, those of go-kit's example of the same name.

namespace go addthrift

struct SumReply {
  1: i64 value
  // Of peers that send errors in replies. This service sends them as exceptions of
  // Thrift's own, TApplicationException.
  2: string err
}

struct ConcatReply {
  1: string value
  // As in SumReply.
  2: string err
}

service AddService {
  // Sum returns a + b. Two zeroes, and what does not fit in 32 bits, are errors.
  SumReply Sum(1: i64 a, 2: i64 b)
  // Concat returns a and b in one. More than ten bytes are an error.
  ConcatReply Concat(1: string a, 2: string b)
}
