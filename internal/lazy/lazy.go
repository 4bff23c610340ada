// Package lazy makes package variables at their first use: otherwise each start
// of montimer, and so each tick, would pay for them.
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
