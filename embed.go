package montimer

import "embed"

// Sample is a first jobs.yaml and the checks that it runs, for `montimer init`.
//
//go:embed jobs.yaml deploy/checks/*.sh
var Sample embed.FS

// UnitTemplate is units.tmpl: the text/template definitions "timer", "service"
// and "target" that package compiler renders. It lives here because embedding
// cannot reach a parent folder.
//
//go:embed units.tmpl
var UnitTemplate string
