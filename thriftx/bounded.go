package thriftx

import (
	"context"

	"github.com/apache/thrift/lib/go/thrift"
)

// bounded is a protocol that reads at most left bytes and items. Generated code makes room
// for as many items as a list announces, so they are counted before they come.
type bounded struct {
	thrift.TProtocol

	left int
}

func (b *bounded) take(n int) error {
	if n < 0 || n > b.left {
		return thrift.NewTProtocolExceptionWithType(thrift.SIZE_LIMIT, errTooLarge)
	}
	b.left -= n
	return nil
}

// Skip counts what it skips.
func (b *bounded) Skip(ctx context.Context, t thrift.TType) error {
	return thrift.SkipDefaultDepth(ctx, b, t)
}

func (b *bounded) ReadFieldBegin(ctx context.Context) (string, thrift.TType, int16, error) {
	name, t, id, err := b.TProtocol.ReadFieldBegin(ctx)
	if err == nil {
		err = b.take(1)
	}
	return name, t, id, err
}

func (b *bounded) ReadMapBegin(ctx context.Context) (thrift.TType, thrift.TType, int, error) {
	key, value, size, err := b.TProtocol.ReadMapBegin(ctx)
	if err == nil {
		err = b.take(size)
	}
	return key, value, size, err
}

func (b *bounded) ReadListBegin(ctx context.Context) (thrift.TType, int, error) {
	t, size, err := b.TProtocol.ReadListBegin(ctx)
	if err == nil {
		err = b.take(size)
	}
	return t, size, err
}

func (b *bounded) ReadSetBegin(ctx context.Context) (thrift.TType, int, error) {
	t, size, err := b.TProtocol.ReadSetBegin(ctx)
	if err == nil {
		err = b.take(size)
	}
	return t, size, err
}

func (b *bounded) ReadString(ctx context.Context) (string, error) {
	s, err := b.TProtocol.ReadString(ctx)
	if err == nil {
		err = b.take(len(s))
	}
	return s, err
}

func (b *bounded) ReadBinary(ctx context.Context) ([]byte, error) {
	data, err := b.TProtocol.ReadBinary(ctx)
	if err == nil {
		err = b.take(len(data))
	}
	return data, err
}
