package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

// setAside holds what Repair has removed from the tables: rows as JSON, and the
// definitions of triggers, indexes and views.
const setAside = `CREATE TABLE IF NOT EXISTS montimer_set_aside (
	id INTEGER PRIMARY KEY, at TEXT NOT NULL, from_table TEXT NOT NULL, content TEXT NOT NULL)`

// noTime is a condition on a column: its value is no time.
func noTime(column string) string {
	return fmt.Sprintf("%s IS NOT NULL AND (typeof(%[1]s) <> 'text' OR %[1]s NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]?*' OR datetime(%[1]s) IS NULL)", column)
}

// A fault is one kind of rows that cannot be read.
type fault struct {
	table, where, what string
	set                string // the correction of such a row; "": it is set aside
}

// faults are those that Check finds and Repair corrects. In the tables of the
// tasks only metadata is corrected: to their readers NULL is an empty object.
func faults() []fault {
	const states, triggers = "'running', 'ok', 'failed', 'interrupted', 'skipped', 'lost'", "'timer', 'manual'"
	return []fault{
		{"montimer_runs", "typeof(id) <> 'text' OR typeof(profile) <> 'text' OR typeof(reason) <> 'text' OR typeof(git_commit) <> 'text' OR typeof(attempt) <> 'integer'", "a value of the wrong type", ""},
		{"montimer_runs", "state NOT IN (" + states + ")", "no state that a run can have", ""},
		{"montimer_runs", "trigger NOT IN (" + triggers + ")", "no trigger that a run can have", ""},
		{"montimer_runs", "started_at IS NULL OR " + noTime("started_at"), "no time at which the run began", ""},
		{"montimer_runs", noTime("scheduled_at"), "something else than the time of a tick", "scheduled_at = NULL"},
		{"montimer_runs", "already_served NOT IN (0, 1)", "neither yes nor no for whether an earlier run served the tick", "already_served = 0"},
		{"montimer_runs", noTime("ended_at"), "something else than the time of its end", "ended_at = NULL"},
		{"montimer_task_runs", "run NOT IN (SELECT seq FROM montimer_runs)", "no run to which the task belongs", ""},
		{"montimer_task_runs", "typeof(name) <> 'text' OR typeof(status) <> 'text' OR typeof(error) <> 'text' OR typeof(exit_code) <> 'integer' OR typeof(attempts) <> 'integer' OR typeof(duration) <> 'integer'", "a value of the wrong type", ""},
		{"montimer_task_runs", noTime("started_at"), "something else than the time of its start", "started_at = NULL"},
		{"alert_events", "metadata_json <> '' AND (typeof(metadata_json) <> 'text' OR NOT json_valid(metadata_json))", "metadata that is no JSON", "metadata_json = NULL"},
		{"montimer_outbox", "created_at IS NULL OR " + noTime("created_at"), "no time at which the alert was made", "created_at = " + present},
		{"montimer_outbox", "next_try_at IS NULL OR " + noTime("next_try_at"), "no time of the next attempt", "next_try_at = " + present},
	}
}

// unreadable describes the rows that cannot be read.
func unreadable(ctx context.Context, db queryer, have shape) (problems []string, err error) {
	for _, f := range faults() {
		if have.tables[f.table] == nil {
			continue
		}
		found, err := numbers(ctx, db, fmt.Sprintf("SELECT rowid FROM %s WHERE %s ORDER BY rowid", f.table, f.where))
		if err != nil {
			return problems, err
		}
		if len(found) > 0 {
			problems = append(problems, fmt.Sprintf("%s of %s with %s (the first: row %d)%s", plural(len(found), "row"), f.table, f.what, found[0], repairs))
		}
	}
	return problems, nil
}

// numbers returns the first column of a query.
func numbers(ctx context.Context, db queryer, query string) ([]int64, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (n int64, err error) {
		err = row.Scan(&n)
		return n, err
	})
}

// Repair corrects what Check finds, without a loss: it makes missing tables,
// columns and indexes, and moves unreadable rows, and triggers, indexes and
// views of others on montimer's tables, to the table montimer_set_aside. It
// returns what it has done. All of it is one transaction. In the tables of the
// tasks it changes nothing but metadata that is no JSON.
func Repair(ctx context.Context, of montimer.Instance, stateDir string) (done []string, err error) {
	s, err := openUnprepared(of, stateDir)
	if err != nil {
		return nil, err
	}
	defer s.db.Close()
	want, definitions, err := ours(ctx)
	if err != nil {
		return nil, fmt.Errorf("repair the database: %w", err)
	}
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		have, err := readShape(ctx, tx)
		if err != nil {
			return err
		}
		r := repair{ctx: ctx, tx: tx, have: have, want: want}
		r.all(definitions)
		done = r.done
		return r.err
	})
	if err != nil {
		return nil, s.explain("repair the database", err)
	}
	return done, nil
}

// openUnprepared opens a database for Repair, whatever its tables are.
func openUnprepared(of montimer.Instance, stateDir string) (*Store, error) {
	path, err := filepath.Abs(filepath.Join(stateDir, FileName))
	if err != nil {
		return nil, fmt.Errorf("repair the database: %w", err)
	}
	s := &Store{instance: of, path: path}
	if s.file, err = secureFile(path, false); err != nil {
		return nil, fmt.Errorf("repair the database: %w", err)
	}
	if s.db, err = sql.Open("sqlite", dsn(path, busyTimeout, false, false)); err != nil {
		return nil, s.explain("repair the database", err)
	}
	s.db.SetMaxOpenConns(1)
	return s, nil
}

// A repair is the transaction of [Repair]. After an error it changes nothing more.
type repair struct {
	ctx        context.Context
	tx         *sql.Tx
	have, want shape
	done       []string
	err        error
}

// all takes the steps of a repair.
func (r *repair) all(definitions map[string]string) {
	r.setAsideOthers()
	r.makeTables(definitions)
	for _, f := range faults() {
		r.correct(f)
	}
	r.makeIndexes()
}

// change executes a statement; what it does is told the user; "": nothing.
func (r *repair) change(what, statement string) {
	if r.err != nil {
		return
	}
	if _, err := r.tx.ExecContext(r.ctx, statement); err != nil {
		r.err = fmt.Errorf("%s: %w", what, err)
	} else if what != "" {
		r.done = append(r.done, what)
	}
}

// setAsideOthers moves what others have added to montimer's tables.
func (r *repair) setAsideOthers() {
	r.change("", setAside)
	for _, trigger := range slices.Sorted(maps.Keys(r.have.triggers)) {
		if table := r.have.triggers[trigger]; strings.HasPrefix(table, "montimer_") && r.want.tables[table] != nil {
			r.drop("trigger", trigger, " on "+table)
		}
	}
	for _, o := range r.have.others {
		r.drop(o.kind, o.name, "")
	}
}

// drop moves the definition of a trigger, an index or a view.
func (r *repair) drop(kind, name, of string) {
	r.change("", "INSERT INTO montimer_set_aside (at, from_table, content) SELECT "+present+", tbl_name, sql FROM sqlite_master WHERE type = "+quoteText(kind)+" AND name = "+quoteText(name))
	r.change("set aside the "+kind+" "+name+of, "DROP "+strings.ToUpper(kind)+" "+quoteName(name))
}

// makeTables makes missing tables and columns.
func (r *repair) makeTables(definitions map[string]string) {
	for _, table := range slices.Sorted(maps.Keys(r.want.tables)) {
		if r.have.tables[table] == nil {
			r.change("made the table "+table, definitions[table])
			continue
		}
		for _, c := range r.have.missing(r.want, table) {
			r.change("made the column "+table+"."+c.name, "ALTER TABLE "+table+" ADD COLUMN "+c.definition())
		}
	}
	if r.have.tables["montimer_schema"] == nil { // else a numbered file would be applied to existing tables
		for version := 1; exists(version); version++ {
			r.change("", fmt.Sprintf("INSERT INTO montimer_schema (version, applied_at) VALUES (%d, %s)", version, present))
		}
	}
}

// correct corrects the rows with a fault, or sets them aside, a run with its tasks.
func (r *repair) correct(f fault) {
	if r.err != nil {
		return
	}
	found, err := numbers(r.ctx, r.tx, "SELECT rowid FROM "+f.table+" WHERE "+f.where)
	if r.err = err; len(found) == 0 {
		return
	}
	r.change("", aside(f.table, r.want.tables[f.table], f.where))
	what := fmt.Sprintf("%s of %s with %s", plural(len(found), "row"), f.table, f.what)
	if f.set != "" {
		r.change("corrected "+what+", which montimer_set_aside has as they were", "UPDATE "+f.table+" SET "+f.set+" WHERE "+f.where)
		return
	}
	if f.table == "montimer_runs" {
		r.change("", aside("montimer_task_runs", r.want.tables["montimer_task_runs"], "run IN (SELECT seq FROM montimer_runs WHERE "+f.where+")"))
		r.change("", "DELETE FROM montimer_task_runs WHERE run IN (SELECT seq FROM montimer_runs WHERE "+f.where+")")
	}
	r.change("set aside "+what, "DELETE FROM "+f.table+" WHERE "+f.where)
}

// makeIndexes makes missing indexes.
func (r *repair) makeIndexes() {
	for _, index := range slices.Sorted(maps.Keys(r.want.indexes)) {
		if _, there := r.have.indexes[index]; !there {
			r.change("made the index "+index, r.want.indexes[index])
		}
	}
}

// present is the time at which a statement is run.
const present = "strftime('%Y-%m-%dT%H:%M:%S.000000Z')"

// aside copies rows to montimer_set_aside. A value that JSON cannot hold is
// written in hexadecimal digits.
func aside(table string, columns []column, where string) string {
	var pairs []string
	for _, c := range columns {
		name := quoteName(c.name)
		pairs = append(pairs, quoteText(c.name)+", CASE typeof("+name+") WHEN 'blob' THEN hex("+name+") ELSE "+name+" END")
	}
	return fmt.Sprintf("INSERT INTO montimer_set_aside (at, from_table, content) SELECT %s, %s, json_object(%s) FROM %s WHERE %s",
		present, quoteText(table), strings.Join(pairs, ", "), table, where)
}

func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
