package compiler

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/unitfile"
)

// A cachedTemplate is a unit of one shape with slots for a profile's texts.
// Profiles of the same shape differ only in those texts, so the template runs
// once for each shape, not for each profile.
type cachedTemplate struct {
	pieces   []string // constant text; slots[i] comes after pieces[i]
	slots    []int    // index into the values of a view
	expected []string // how each significant line must begin
}

// shape is everything about a profile that changes its units, except texts.
type shape struct {
	unit                                string // "timer" or "service"
	sync                                bool   // of no profile
	onCalendar, onBoot, every           int
	jitter, described, said, catchingUp bool
	sandbox                             montimer.Sandbox
	limits, writable                    string // as text
}

// renderer renders units.tmpl, once for each shape.
type renderer struct {
	template *template.Template
	cached   map[shape]*cachedTemplate
	buffer   []byte
}

func newRenderer() (*renderer, error) {
	t, err := template.New("units.tmpl").Parse(montimer.UnitTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse units.tmpl: %w", err)
	}
	return &renderer{template: t, cached: map[shape]*cachedTemplate{}}, nil
}

// render renders one unit of a profile.
func (f *renderer) render(unit string, v view) (string, error) {
	key := shape{
		unit:       unit,
		sync:       v.Profile == "",
		onCalendar: len(v.OnCalendar), onBoot: len(v.OnBoot), every: len(v.Every),
		jitter: v.Jitter != "", described: v.Description != "", said: v.Words != "", catchingUp: v.CatchUp,
		sandbox: v.Sandbox,
	}
	for _, l := range v.Limits {
		key.limits += string(l.Directive + "=" + l.Value + "\n")
	}
	for _, path := range v.Writable {
		key.writable += string(path + "\n")
	}
	m := f.cached[key]
	if m == nil {
		var err error
		if m, err = f.newTemplate(unit, v); err != nil {
			return "", err
		}
		f.cached[key] = m
	}
	f.buffer = m.fill(f.buffer[:0], v.texts())
	content := string(f.buffer)
	return content, checkLines(content, m.expected)
}

// newTemplate runs the template with a mark in the place of each text of v. The
// expected lines are those of the template with harmless texts.
func (f *renderer) newTemplate(unit string, v view) (*cachedTemplate, error) {
	harmless, err := f.execute(unit, v.replaceTexts(x).replaceHostTexts(x))
	if err != nil {
		return nil, err
	}
	n := 0
	marked, err := f.execute(unit, v.replaceTexts(func(text) text { n++; return text("\x00" + strconv.Itoa(n-1) + "\x00") }))
	if err != nil {
		return nil, err
	}
	m := &cachedTemplate{expected: expectedLines(harmless)}
	for i, part := range strings.Split(marked, "\x00") {
		if i%2 == 0 {
			m.pieces = append(m.pieces, part)
			continue
		}
		slot, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("units.tmpl: a text of %s was changed by the template", unit)
		}
		m.slots = append(m.slots, slot)
	}
	return m, nil
}

// execute runs the template and puts a header above the result.
func (f *renderer) execute(unit string, v view) (string, error) {
	b := bytes.NewBufferString(unitfile.BlankHeader)
	if err := f.template.ExecuteTemplate(b, unit, v); err != nil {
		return "", fmt.Errorf("render the %s: %w", unit, err)
	}
	return b.String(), nil
}

// fill appends a signed unit with values in the slots.
func (m *cachedTemplate) fill(b []byte, values []text) []byte {
	for i, piece := range m.pieces {
		b = append(b, piece...)
		if i < len(m.slots) {
			b = append(b, values[m.slots[i]]...)
		}
	}
	unitfile.Sign(b)
	return b
}

// texts lists the texts of the profile in the order of replaceTexts.
func (v view) texts() []text {
	values := make([]text, 0, 4+len(v.OnCalendar)+len(v.OnBoot)+len(v.Every))
	v.replaceTexts(func(t text) text { values = append(values, t); return t })
	return values
}

// replaceTexts returns v with each non-empty text of its profile replaced.
func (v view) replaceTexts(replace func(text) text) view {
	for _, t := range []*text{&v.Profile, &v.Description, &v.Words, &v.Jitter} {
		if *t != "" {
			*t = replace(*t)
		}
	}
	for _, list := range []*[]text{&v.OnCalendar, &v.OnBoot, &v.Every} {
		*list = replaced(*list, replace)
	}
	return v
}

// replaceHostTexts returns v with each text of its host replaced.
func (v view) replaceHostTexts(replace func(text) text) view {
	for _, t := range []*text{&v.Binary, &v.User, &v.Group, &v.Checkout, &v.EnvFile, &v.Name, &v.Umask, &v.State, &v.HelperHome} {
		*t = replace(*t)
	}
	if v.Instance != "" {
		v.Instance = replace(v.Instance)
	}
	for _, list := range []*[]text{&v.Environment, &v.StateDirectory, &v.Writable, &v.Agents, &v.Frozen, &v.UnitDirs} {
		*list = replaced(*list, replace)
	}
	v.Limits = slices.Clone(v.Limits)
	for i := range v.Limits {
		v.Limits[i].Value = replace(v.Limits[i].Value)
	}
	return v
}

func replaced(list []text, replace func(text) text) []text {
	out := make([]text, len(list))
	for i, t := range list {
		out[i] = replace(t)
	}
	return out
}

// x is a harmless text.
func x(text) text { return "x" }
