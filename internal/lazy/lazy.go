// Package lazy makes values of packages when they are first used: each start of
// montimer would pay for them else, and a tick is a start.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns a function that compiles an expression once. It panics then if the
// expression cannot be compiled.
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
