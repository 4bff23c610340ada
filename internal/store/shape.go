package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A shape is the schema of a database: its tables with their columns, and its
// indexes and triggers.
type shape struct {
	tables   map[string][]column
	indexes  map[string]string // their definition
	triggers map[string]string // the table of each
	others   []object          // views and indexes of others, on montimer's tables or in their place
}

// An object is a row of sqlite_master.
type object struct{ kind, name, table, sql string }

// isOthers reports whether the object is a view in the place of one of
// montimer's tables, or another's index on one. An index can refuse rows; those
// of a later montimer begin with its name.
func (o object) isOthers() bool {
	switch o.kind {
	case "view":
		return strings.HasPrefix(o.name, "montimer_")
	case "index":
		return strings.HasPrefix(o.table, "montimer_") && !strings.HasPrefix(o.name, "montimer_") && o.sql != ""
	}
	return false
}

// A column of a table (PRAGMA table_info).
type column struct {
	name, kind string
	notNull    bool
	standard   sql.NullString
	key        bool
}

// definition is the column in the syntax of ALTER TABLE ADD COLUMN.
func (c column) definition() string {
	text := quoteName(c.name) + " " + c.kind
	switch {
	case c.standard.Valid:
		text += " DEFAULT " + c.standard.String
	case c.notNull && c.kind == "INTEGER":
		text += " DEFAULT 0"
	case c.notNull:
		text += " DEFAULT ''"
	}
	if c.notNull {
		text += " NOT NULL"
	}
	return text
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// readShape reads the schema of a database.
func readShape(ctx context.Context, db queryer) (shape, error) {
	s := shape{tables: map[string][]column{}, indexes: map[string]string{}, triggers: map[string]string{}}
	objects, err := readObjects(ctx, db)
	if err != nil {
		return s, err
	}
	for _, o := range objects {
		if o.isOthers() {
			s.others = append(s.others, o)
		}
		switch o.kind {
		case "index":
			s.indexes[o.name] = o.sql
		case "trigger":
			s.triggers[o.name] = o.table
		case "table":
			if s.tables[o.name], err = readColumns(ctx, db, o.name); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

func readObjects(ctx context.Context, db queryer) ([]object, error) {
	rows, err := db.QueryContext(ctx, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (o object, err error) {
		err = row.Scan(&o.kind, &o.name, &o.table, &o.sql)
		return o, err
	})
}

func readColumns(ctx context.Context, db queryer, table string) ([]column, error) {
	rows, err := db.QueryContext(ctx, "SELECT name, type, \"notnull\", dflt_value, pk > 0 FROM pragma_table_info(?)", table)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (c column, err error) {
		err = row.Scan(&c.name, &c.kind, &c.notNull, &c.standard, &c.key)
		return c, err
	})
}

// ours returns the shape of a database that this montimer creates, and the
// definitions of its tables.
func ours(ctx context.Context) (s shape, definitions map[string]string, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return s, nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	if err := makeAll(ctx, db); err != nil {
		return s, nil, err
	}
	if s, err = readShape(ctx, db); err != nil {
		return s, nil, err
	}
	definitions = map[string]string{}
	rows, err := db.QueryContext(ctx, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL")
	if err != nil {
		return s, nil, err
	}
	_, err = collect(rows, func(row scanner) (none struct{}, err error) {
		var name, text string
		err = row.Scan(&name, &text)
		definitions[name] = text
		return none, err
	})
	return s, definitions, err
}

// makeAll applies all files of the schema.
func makeAll(ctx context.Context, db queryer) error {
	names := []string{"shared.sql", "indexes.sql"}
	for version := 1; exists(version); version++ {
		names = append(names, fileName(version))
	}
	_, err := db.ExecContext(ctx, ledger)
	for _, name := range names {
		text, readErr := files.ReadFile("schema/" + name)
		if err = errors.Join(err, readErr); err == nil {
			_, err = db.ExecContext(ctx, string(text))
		}
	}
	return err
}

const repairs = ": montimer db check --repair"

// compare says what a database lacks, and what others have added to montimer's
// tables. Anything else belongs to a later montimer or to the tasks.
func (s shape) compare(want shape) (problems []Problem) {
	found := func(kind ProblemKind, format string, args ...any) {
		problems = append(problems, problem(kind, format, args...))
	}
	for _, o := range s.others {
		found(WrongShape, "the %s %s is none of montimer's and may refuse what is recorded%s", o.kind, o.name, repairs)
	}
	for _, table := range slices.Sorted(maps.Keys(want.tables)) {
		if s.tables[table] == nil {
			found(WrongShape, "the table %s is missing%s", table, repairs)
			continue
		}
		for _, c := range s.missing(want, table) {
			found(WrongShape, "the column %s.%s is missing%s", table, c.name, repairs)
		}
	}
	var slow, missing []string
	for _, index := range slices.Sorted(maps.Keys(want.indexes)) {
		column, ofAPI := strings.CutPrefix(index, "montimer_alert_events_")
		switch _, there := s.indexes[index]; {
		case there:
		case ofAPI:
			slow = append(slow, column)
		default:
			missing = append(missing, index)
		}
	}
	if len(slow) > 0 {
		found(NoIndex, "the API is slow: alert_events has no index montimer_alert_events_... for %s: montimer db init", strings.Join(slow, ", "))
	}
	for _, index := range missing {
		found(WrongShape, "the index %s is missing%s", index, repairs)
	}
	return append(problems, s.compareTriggers(want)...)
}

func problem(kind ProblemKind, format string, args ...any) Problem {
	return Problem{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

func (s shape) compareTriggers(want shape) (problems []Problem) {
	for _, trigger := range slices.Sorted(maps.Keys(s.triggers)) {
		table := s.triggers[trigger]
		switch _, known := want.tables[table]; {
		case !known:
		case strings.HasPrefix(table, "montimer_"):
			problems = append(problems, problem(WrongShape, "the trigger %s on %s is none of montimer's and may change what is recorded%s", trigger, table, repairs))
		default:
			problems = append(problems, problem(TaskTrigger, "the trigger %s on %s may change what is recorded; unless the tasks need it: sqlite3 %s 'DROP TRIGGER %s'",
				trigger, table, FileName, quoteName(trigger)))
		}
	}
	return problems
}

// missing returns the columns that a table lacks.
func (s shape) missing(want shape, table string) (columns []column) {
	for _, c := range want.tables[table] {
		if !slices.ContainsFunc(s.tables[table], func(have column) bool { return have.name == c.name }) {
			columns = append(columns, c)
		}
	}
	return columns
}
