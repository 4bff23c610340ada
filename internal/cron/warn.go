package cron

import (
	"slices"
	"time"
)

// Warnings returns what a person should know about the expression before
// trusting it.
func (x *Expression) Warnings(zone *time.Location, from time.Time) []string {
	return slices.Clone(x.notes)
}
