package montimer

import "embed"

// Sample is a first jobs.yaml and the checks that it runs, for `montimer init`.
//
//go:embed jobs.yaml deploy/checks/*.sh
var Sample embed.FS
