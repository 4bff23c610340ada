// Package cron turns cron expressions into systemd calendar events that mean
// exactly the same.
//
// A cron expression means different things to different programs, so it is
// read as one declared Dialect reads it, traps included. The result is a
// meaning: sets for seconds to hours, months and years, and for the days four
// tables, one for each length a month can have, since any rule of any dialect
// (the 15th, a Friday, the last Friday, the weekday nearest the 15th) depends
// on the length of the month, the day and the weekday alone. Two expressions
// are equal if and only if their meanings are.
//
//	dialect.go                       what sets the dialects apart
//	parse.go, field.go, element.go   text → meaning
//	day.go                           the two day fields → tables
//	translate.go, emit.go, every.go  meaning → calendar events
//	proof.go                         calendar events → the same meaning, or an error
//	zone.go                          where events can be in UTC
//	event.go                         a calendar event as an expression
//	words.go, warn.go, errors.go     all that is said to people
package cron

import (
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Expression is a cron expression as its dialect reads it.
type Expression struct {
	meaning
	dialect Dialect
	text    string
	zone    string
	days    dayRule        // what the tables were made from, for Words
	notes   []string       // what the dialect makes of doubtful parts of the text
	event   calendar.Event // that was read, if it is one
}

// meaning is all that decides when an expression elapses, in a form that can
// be compared with ==. Exactly one of its three kinds is set: Boot, Every, or
// the sets and tables.
type meaning struct {
	boot  bool          // once after each boot
	every time.Duration // whole seconds, from whenever it is started

	second, minute, hour, month uint64 // bit n: the value n
	years                       yearSet
	tables                      dayTables // empty for lengths that no chosen month can have
}

// Zone returns the time zone that the expression itself names, "" if none.
func (x *Expression) Zone() string { return x.zone }

// Text returns the expression as it was given to Parse, without white space around it.
func (x *Expression) Text() string { return strings.Trim(x.text, " \t\r\n") }
