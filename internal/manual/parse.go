package manual

import (
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Parse parses a command line. It first builds the grammar of the one command that the
// line begins with, as to build that of all takes longer than a short command does; what
// this does not take, also a request for help, is for the whole one. The parser is nil if
// that cannot be built.
func Parse(grammar any, args []string, build func(grammar any) (*kong.Kong, error)) (*kong.Kong, *kong.Context, error) {
	if one, complete := narrow(grammar, args); one != nil {
		if parser, err := build(one); err == nil {
			if k, err := parser.Parse(args); err == nil {
				complete()
				return parser, k, nil
			}
		}
	}
	parser, err := build(grammar)
	if err != nil {
		return nil, nil, err
	}
	k, err := parser.Parse(args)
	return parser, k, err
}

// narrow returns a grammar with only the command that args[0] names, and the flags that
// all commands have; complete copies what was parsed. It is nil where there is no such
// command, or help is asked for.
func narrow(grammar any, args []string) (one any, complete func()) {
	if len(args) == 0 || slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		return nil, nil
	}
	whole := reflect.ValueOf(grammar).Elem()
	var fields []reflect.StructField
	found := false
	for _, f := range reflect.VisibleFields(whole.Type()) {
		_, isCommand := f.Tag.Lookup("cmd")
		named := isCommand && commandName(f) == args[0]
		if found = found || named; named || !isCommand {
			fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
		}
	}
	if !found {
		return nil, nil
	}
	part := reflect.New(reflect.StructOf(fields))
	return part.Interface(), func() {
		for _, f := range fields {
			whole.FieldByName(f.Name).Set(part.Elem().FieldByName(f.Name))
		}
	}
}

// commandName is the name of the command that a field is for, as kong has it for a
// field that is one word.
func commandName(f reflect.StructField) string {
	if name := f.Tag.Get("name"); name != "" {
		return name
	}
	return strings.ToLower(f.Name)
}
