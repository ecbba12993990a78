package codec

// Encodes says that a format of JSON writes its type without json/v2.
func Encodes(f Format) bool { return f.(*jsonFormat).add != nil }

// Decodes reports whether a format of JSON reads src into v without json/v2.
func Decodes(f Format, src []byte, v any) bool { return f.(*jsonFormat).decode(src, v) }

// WithoutReader returns a format of JSON that leaves all reading to json/v2.
func WithoutReader(f Format) Format {
	left := *f.(*jsonFormat)
	left.read = nil
	return &left
}

// HasReader reports whether a format of JSON has a compiled reader.
func HasReader(f Format) bool { return f.(*jsonFormat).read != nil }
