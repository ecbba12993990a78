package codec

// Encodes says that a format of JSON writes its type without json/v2.
func Encodes(f Format) bool { return f.(*jsonFormat).add != nil }
