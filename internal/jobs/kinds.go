package jobs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// A kind is a type of value in jobs.yaml: what it is called, its JSON Schema,
// which a run does not make, and how it is read. read reports what is wrong with
// v, and leaves that out.
type kind[V any] struct {
	name   string
	schema func() object
	read   func(d *decoder, v value, into *V)
}

// object is a JSON object.
type object = map[string]any

// anyScalar is the schema of what the old runner turns into text.
func anyScalar() object { return object{"type": []string{"string", "number", "boolean"}} }

// someText is the schema of a text that is no number.
func someText() object { return object{"type": "string", "minLength": 1} }

// anyWord is the schema of what word takes: what YAML reads as a number too.
func anyWord() object { return object{"type": []string{"string", "number"}, "minLength": 1} }

// orFalsy is the schema of s or anything that the old runner took for empty.
func orFalsy(s object) object {
	return object{"anyOf": []object{s, {"enum": []any{nil, false, 0, "", []any{}, object{}, "no", "No", "NO", "off", "Off", "OFF"}}}}
}

// boolean takes the booleans of YAML 1.1, and 0 and 1.
func boolean() kind[bool] {
	return kind[bool]{
		name: "boolean",
		schema: func() object {
			return object{"anyOf": []object{
				{"type": "boolean"},
				{"enum": []any{0, 1, "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"}},
			}}
		},
		read: func(d *decoder, v value, into *bool) {
			s := scalar{}
			if v.Kind == yaml.ScalarNode {
				s = resolve(v.Node)
			}
			quoted := resolvePlain(s.text)
			switch {
			case s.kind == kindBool, s.kind == kindInt && (s.text == "0" || s.text == "1"):
				*into = s.text == "True" || s.text == "1"
			case s.kind == kindNull:
				d.error(v, "write true or false", "no value; the old runner took that for false")
			case s.kind == kindText && quoted.kind == kindBool:
				d.error(v, "write "+v.Value+" without quotes", "%s is text, which the old runner took for true", quote(v.Value))
			default:
				d.wrongKind(v, "true or false")
			}
		},
	}
}

// text takes one line of text, as the old runner read it.
func text() kind[string] {
	return kind[string]{name: "text", schema: anyScalar, read: func(d *decoder, v value, into *string) {
		s, ok := d.scalar(v)
		switch {
		case !ok:
			return
		case s.kind == kindNull:
			d.error(v, "", "no value")
			return
		case s.text == "":
			d.error(v, "", "must not be empty")
			return
		case strings.ContainsFunc(s.text, isControl):
			d.error(v, "", "must be one line without control characters")
			return
		case s.kind == kindBool:
			d.warn(v, asText(v), "%s is read as %s", v.Value, quote(s.text))
		}
		*into = s.text
	}}
}

// prose takes anything at all and folds it to one line: nothing reads it but
// people.
func prose() kind[string] {
	return kind[string]{name: "text", schema: func() object { return object{} }, read: func(d *decoder, v value, into *string) {
		var b strings.Builder
		switch {
		case v.Kind != yaml.ScalarNode:
			if !d.repr(&b, v, 0) {
				return
			}
		case len(v.Value) > maxText:
			d.error(v, "", "must not be longer than %d bytes", maxText)
		case !d.expand(v):
			return
		case resolve(v.Node).kind != kindNull:
			b.WriteString(v.Value)
		}
		*into = strings.Join(strings.Fields(b.String()), " ")
	}}
}

// word takes a text of a setting that the old runner does not know. There is
// no old meaning to keep, so a value that YAML 1.1 would change is refused.
func word() kind[string] {
	return kind[string]{name: "text", schema: anyWord, read: func(d *decoder, v value, into *string) {
		if s, ok := d.word(v); ok {
			*into = s
		}
	}}
}

// choice takes one of a few words.
func choice[V ~string](of ...V) kind[V] {
	names := make([]string, len(of))
	for i, w := range of {
		names[i] = string(w)
	}
	return kind[V]{
		name:   strings.Join(names, " | "),
		schema: func() object { return object{"enum": names} },
		read: func(d *decoder, v value, into *V) {
			s, ok := d.wordOr(v, func(value) string { return "write " + list(names) })
			switch {
			case !ok:
			case slices.Contains(names, s):
				*into = V(s)
			default:
				d.error(v, d.didYouMean(s, names), "must be %s, not %s", list(names), quote(s))
			}
		},
	}
}

// count takes a whole number from least to most.
func count(least, most int) kind[int] {
	within := func(text string) (int, bool) {
		n, err := strconv.Atoi(text)
		return n, err == nil && least <= n && n <= most
	}
	// A leading zero was meant as nothing, or as the mark of an octal number.
	hint := func(v value) string {
		var readings []string
		for _, text := range []string{strings.TrimLeft(v.Value, "0"), resolve(v.Node).text} {
			if n, ok := within(text); ok {
				readings = append(readings, strconv.Itoa(n))
			}
		}
		if len(readings) == 0 {
			return fmt.Sprintf("write a whole number from %d to %d", least, most)
		}
		return "write " + list(slices.Compact(readings))
	}
	return kind[int]{
		name:   "number",
		schema: func() object { return object{"type": "integer", "minimum": least, "maximum": most} },
		read: func(d *decoder, v value, into *int) {
			s, ok := d.scalarOr(v, hint)
			if !ok {
				return
			}
			n, ok := within(s.text)
			if s.kind != kindInt || !ok {
				d.wrongKind(v, fmt.Sprintf("a whole number from %d to %d", least, most))
				return
			}
			*into = n
		},
	}
}

// span takes a time span as systemd.time(7) has it.
func span(least, most time.Duration) kind[time.Duration] {
	hint := func(value) string { return "a time span is written like 90s, 5m or 1h 30m" }
	return kind[time.Duration]{
		name:   "time span",
		schema: func() object { return object{"type": []string{"string", "number"}} },
		read: func(d *decoder, v value, into *time.Duration) {
			s, ok := d.wordOr(v, hint)
			if !ok {
				return
			}
			t, err := calendar.ParseSpan(s)
			switch {
			case err != nil:
				d.error(v, hint(v), "%v", err)
			case t < least:
				d.error(v, "", "must be at least %s, not %s", calendar.FormatSpan(least), calendar.FormatSpan(t))
			case t > most:
				d.error(v, "", "must be at most %s, not %s", calendar.FormatSpan(most), calendar.FormatSpan(t))
			default:
				if calendar.EndsWithoutUnit(s) {
					d.warn(v, "write "+s+"m or "+s+"s", "%s is %s: a number without a unit is seconds", quote(s), calendar.FormatSpan(t))
				}
				*into = t
			}
		},
	}
}

// interval is span for the time between two runs, where a number without a unit
// is seldom meant as seconds.
func interval(least, most time.Duration) kind[time.Duration] {
	k := span(least, most)
	read := k.read
	k.read = func(d *decoder, v value, into *time.Duration) {
		before := len(d.diags)
		read(d, v, into)
		if len(d.diags) == before && onlyDigits(v.Value) {
			d.warn(v, "write "+v.Value+"m or "+v.Value+"s", "%s is %s: a number without a unit is seconds", quote(v.Value), calendar.FormatSpan(*into))
		}
	}
	return k
}

// words takes one text or a list of them; each is as the schema says.
func words(each func() object) kind[[]located] {
	return kind[[]located]{
		name: "text or list",
		schema: func() object {
			return object{"anyOf": []object{each(), {"type": "array", "items": each(), "minItems": 1}}}
		},
		read: func(d *decoder, v value, into *[]located) {
			var out []located
			for item := range d.items(v) {
				if s, ok := d.word(item); ok {
					out = append(out, located{s, item})
				}
			}
			if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
				d.error(v, "", "the list is empty")
			}
			*into = out
		},
	}
}

// located is a text with its place in the file.
type located struct {
	text string
	at   value
}

// environment takes the variables of env. They join those that into holds.
func environment() kind[[]montimer.EnvVar] {
	return kind[[]montimer.EnvVar]{
		name: "mapping",
		schema: func() object {
			return orFalsy(object{"type": "object", "propertyNames": object{"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}})
		},
		read: func(d *decoder, v value, into *[]montimer.EnvVar) {
			if !d.spend(v, len(*into)) {
				return
			}
			vars := slices.Clone(*into)
			inherited := make(map[string]int, len(vars))
			for i, e := range vars {
				inherited[e.Name] = i
			}
			for name, val := range d.entries(v) {
				i, exists := inherited[name.text]
				d.checkExpansion(name.at, val, "write the whole value; a command that is one text can use the variable itself")
				switch {
				case !isEnvName(name.text):
					d.error(name.at, "", "%s cannot be the name of an environment variable: letters, digits and _, not beginning with a digit", quote(name.text))
				case exists:
					vars[i].Value = val
				default:
					vars = append(vars, montimer.EnvVar{Name: name.text, Value: val})
				}
			}
			*into = vars
		},
	}
}

// arguments takes the args of a script.
func arguments() kind[[]montimer.Arg] {
	return kind[[]montimer.Arg]{
		name:   "mapping",
		schema: func() object { return orFalsy(object{"type": "object"}) },
		read: func(d *decoder, v value, into *[]montimer.Arg) {
			for name, val := range d.entries(v) {
				d.checkExpansion(name.at, val, "write the whole value, or a command that is one text, which the shell reads")
				*into = append(*into, montimer.Arg{Key: name.text, Value: val})
			}
		},
	}
}

// variable takes the name of an environment variable that holds a secret.
func variable() kind[string] {
	return kind[string]{
		name:   "variable name",
		schema: func() object { return object{"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"} },
		read: func(d *decoder, v value, into *string) {
			s, ok := d.word(v)
			switch {
			case !ok:
			case strings.Contains(s, "://"):
				d.error(v, "put NAME=URL into the host's env file and write NAME here", "takes the name of an environment variable; a ping URL is a secret and does not belong in jobs.yaml")
			case !isEnvName(s):
				d.error(v, "", "%s cannot be the name of an environment variable: letters, digits and _, not beginning with a digit", quote(s))
			default:
				*into = s
			}
		},
	}
}

func isEnvName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 }
