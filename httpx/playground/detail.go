package playground

import (
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// details are what callers are told of rules without a number. What the rule names, if
// something, follows.
var details = map[string]string{
	"required": "is required, and must not be zero",
	"email":    "must be an e-mail address", "url": "must be a URL", "http_url": "must be a URL of HTTP", "uri": "must be a URI",
	"uuid": "must be a UUID", "uuid4": "must be a UUID of version 4", "hostname": "must be a host name", "fqdn": "must be a domain name",
	"ip": "must be an IP address", "ipv4": "must be an IPv4 address", "ipv6": "must be an IPv6 address", "cidr": "must be an address and the length of a prefix",
	"alpha": "must have letters only", "alphanum": "must have letters and digits only", "numeric": "must be a number", "number": "must have digits only",
	"ascii": "must be ASCII", "lowercase": "must be in lower case", "uppercase": "must be in upper case", "boolean": "must be true or false",
	"json": "must be JSON", "base64": "must be in base64", "e164": "must be a telephone number such as \"+123456789\"",
	"unique": "must not have equal items", "datetime": "must be a time in the form ", "contains": "must contain ", "excludes": "must not contain ",
	"startswith": "must start with ", "endswith": "must end with ",
	"eqfield": "must be equal to ", "nefield": "must differ from ", "gtfield": "must be greater than ", "gtefield": "must not be less than ",
	"ltfield": "must be less than ", "ltefield": "must not be greater than ",
	"required_if": "is required if ", "required_unless": "is required unless ", "required_with": "is required with ", "required_without": "is required without ",
}

// detail returns what is wrong with a field, without its value.
func detail(f validator.FieldError) string {
	if text := bound(f); text != "" {
		return text
	}
	if f.Tag() == "oneof" {
		return "must be one of " + strings.Join(strings.Fields(f.Param()), ", ")
	}
	if text, ok := details[f.Tag()]; ok {
		if strings.HasSuffix(text, " ") {
			return text + f.Param()
		}
		return text
	}
	if f.Param() == "" {
		return "must keep the rule " + f.Tag()
	}
	return "must keep the rule " + f.Tag() + "=" + f.Param()
}

// bounds are the rules with a number, in words for a number and for a number of things.
var bounds = map[string][2]string{
	"min": {"must be at least ", "must have at least "}, "gte": {"must be at least ", "must have at least "},
	"max": {"must be at most ", "must have at most "}, "lte": {"must be at most ", "must have at most "},
	"gt": {"must be greater than ", "must have more than "}, "lt": {"must be less than ", "must have less than "},
	"len": {"must be ", "must have exactly "}, "eq": {"must be ", "must have exactly "}, "ne": {"must not be ", "must not have exactly "},
}

// bound returns what is wrong with a field by a rule with a number, or "".
func bound(f validator.FieldError) string {
	words, ok := bounds[f.Tag()]
	if !ok {
		return ""
	}
	what := ""
	switch f.Kind() {
	case reflect.String:
		if f.Tag() == "eq" || f.Tag() == "ne" {
			break
		}
		what = " characters"
	case reflect.Slice, reflect.Array:
		what = " items"
	case reflect.Map:
		what = " members"
	}
	switch {
	case what == "":
		return strings.TrimSuffix(words[0]+f.Param(), " ")
	case f.Param() == "1":
		what = strings.TrimSuffix(what, "s")
	}
	return words[1] + f.Param() + what
}
