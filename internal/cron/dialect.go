package cron

// Dialect names the program that defines how a cron expression is read.
type Dialect string

// The dialects. Their rules are those of supercronic 0.2.48, Debian's cron
// 3.0pl1-162, cronie 1.7 and robfig/cron 3.0.1.
const (
	Supercronic Dialect = "supercronic"
	Crontab     Dialect = "crontab" // cron of Debian and its kin: crontab(5)
	Cronie      Dialect = "cronie"  // cron of Fedora, Arch and their kin
	Robfig      Dialect = "robfig"  // the library of many Go programs
)

// Dialects returns all dialects, the default first.
func Dialects() []Dialect { return []Dialect{Supercronic, Crontab, Cronie, Robfig} }

// grammar is what sets one dialect apart from the others.
type grammar struct {
	layouts map[int][]*field // by number of fields, their order
	six     string           // what a person may not know of six fields
	macros  []string         // those it knows, without the @
	zones   bool             // a CRON_TZ= or TZ= prefix is allowed

	dowMax       int       // the greatest day of the week; 7 is a Sunday
	sevenZero    bool      // a 7 is read as 0, so that a range to 7 ends at 0
	short        bool      // a number has at most two digits, a year four
	plus         bool      // a number may have a plus sign
	longNames    bool      // january and monday beside jan and mon
	question     bool      // ? is *
	questionStep bool      // ?/c is */c
	openStep     bool      // a/c is a..max/c
	stepMax      bool      // a step is at most the field's greatest value
	emptyParts   bool      // nothing between two commas is nothing
	lazyEnds     bool      // a..b may lie outside the field while its hits do not
	starDash     bool      // *-anything is *
	junk         bool      // the rest of the field after a valid part is ignored
	quartz       bool      // L, W and #
	random       bool      // ~ takes a random value
	zeroEnd      bool      // a-0 is a-7, in every field
	backwards    backwards // what b-a is, for a < b
	star         starRule  // which day fields count as not restricted
}

type backwards int

const (
	backwardsError        backwards = iota
	backwardsEmpty                  // accepted, has no values
	backwardsEmptyStepped           // that with a step; an error without
)

type starRule int

const (
	starBare    starRule = iota // a list with * or ? in it
	starUnitary                 // the same, also */1
	starFirst                   // a list that begins with *
)

var (
	standard  = []*field{&minute, &hour, &dayOfMonth, &month, &dayOfWeek}
	withYear  = append(standard[:5:5], &year)
	withBoth  = append([]*field{&second}, withYear...)
	withFirst = append([]*field{&second}, standard...)

	commonMacros = []string{"hourly", "daily", "weekly", "monthly", "yearly", "annually"}
	cronMacros   = append(commonMacros[:6:6], "midnight", "reboot")
)

var grammars = map[Dialect]*grammar{
	Supercronic: {
		layouts:    map[int][]*field{5: standard, 6: withYear, 7: withBoth},
		six:        "supercronic takes the last for a year: for seconds first set cron_dialect: robfig, or add a year of *",
		macros:     commonMacros,
		dowMax:     6,
		sevenZero:  true,
		short:      true,
		longNames:  true,
		question:   true,
		openStep:   true,
		stepMax:    true,
		emptyParts: true,
		quartz:     true,
		backwards:  backwardsEmptyStepped,
		star:       starBare,
	},
	Crontab: {
		layouts:   map[int][]*field{5: standard},
		macros:    cronMacros,
		dowMax:    7,
		junk:      true,
		backwards: backwardsEmpty,
		star:      starFirst,
	},
	Cronie: {
		layouts:   map[int][]*field{5: standard},
		macros:    cronMacros,
		dowMax:    7,
		lazyEnds:  true,
		random:    true,
		zeroEnd:   true,
		backwards: backwardsEmpty,
		star:      starFirst,
	},
	Robfig: {
		layouts:      map[int][]*field{5: standard, 6: withFirst},
		six:          "robfig takes the first for seconds",
		macros:       append(commonMacros[:6:6], "midnight", "every"),
		zones:        true,
		dowMax:       6,
		plus:         true,
		question:     true,
		questionStep: true,
		openStep:     true,
		emptyParts:   true,
		starDash:     true,
		star:         starUnitary,
	},
}
