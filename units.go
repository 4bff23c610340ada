package montimer

import _ "embed"

// UnitTemplate is units.tmpl: the text/template definitions "timer", "service"
// and "target" that package compiler renders. It lives here because embedding
// cannot reach a parent folder.
//
//go:embed units.tmpl
var UnitTemplate string
