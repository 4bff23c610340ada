package compiler

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/unitfile"
)

// A cachedTemplate is a unit of one shape with slots for a pair's texts. Pairs of
// the same shape differ only in those texts, so the template runs once for each
// shape, not for each profile.
type cachedTemplate struct {
	pieces   []string // constant text; slots[i] comes after pieces[i]
	slots    []int    // index into the texts of a pair
	expected []string // how each significant line must begin
}

// renderer renders units.tmpl, once for each shape.
type renderer struct {
	template *template.Template
	cached   map[[2]string]*cachedTemplate // by the template's name and the shape
	buffer   []byte
}

func newRenderer() (*renderer, error) {
	t, err := template.New("units.tmpl").Parse(montimer.UnitTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse units.tmpl: %w", err)
	}
	return &renderer{template: t, cached: map[[2]string]*cachedTemplate{}}, nil
}

// parts are the texts of a pair, and its shape, which is all else that changes its
// units.
type parts struct {
	shape string
	texts []text
}

// split takes a pair apart.
func (v *pairView) split() (p parts) {
	shape := make([]byte, 0, 128)
	leaves(reflect.ValueOf(v).Elem(), func(leaf reflect.Value) {
		switch {
		case leaf.Kind() == reflect.Slice:
			shape = strconv.AppendInt(append(shape, '*'), int64(leaf.Len()), 10)
		case leaf.Type() != textType:
			shape = fmt.Appendf(shape, "%q", leaf)
		case leaf.Len() == 0:
			shape = append(shape, '-')
		default:
			shape, p.texts = append(shape, '+'), append(p.texts, text(leaf.String()))
		}
	})
	p.shape = string(shape)
	return p
}

// replaceTexts replaces each text that is not empty.
func replaceTexts(v reflect.Value, replace func(text) text) {
	leaves(v, func(leaf reflect.Value) {
		switch {
		case !leaf.CanSet():
		case leaf.Kind() == reflect.Slice: // the list of the original stays as it is
			leaf.Set(reflect.AppendSlice(reflect.MakeSlice(leaf.Type(), 0, leaf.Len()), leaf))
		case leaf.Type() == textType && leaf.Len() > 0:
			leaf.SetString(string(replace(text(leaf.String()))))
		}
	})
}

var textType = reflect.TypeFor[text]()

// leaves calls visit for each value in a struct, in order; for a list before its
// items.
func leaves(v reflect.Value, visit func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), visit)
		}
	case reflect.Slice:
		visit(v)
		for i := range v.Len() {
			leaves(v.Index(i), visit)
		}
	default:
		visit(v)
	}
}

// render renders one unit of a pair, which p are the parts of.
func (f *renderer) render(unit string, v view, p parts) (string, error) {
	key := [2]string{unit, p.shape}
	m := f.cached[key]
	if m == nil {
		var err error
		if m, err = f.newTemplate(unit, v); err != nil {
			return "", err
		}
		f.cached[key] = m
	}
	f.buffer = m.fill(f.buffer[:0], p.texts)
	content := string(f.buffer)
	return content, checkLines(content, m.expected)
}

// newTemplate runs the template with a mark in the place of each text of v. The
// expected lines are those of the template with harmless texts.
func (f *renderer) newTemplate(unit string, v view) (*cachedTemplate, error) {
	harmless, err := f.harmless(unit, v)
	if err != nil {
		return nil, err
	}
	n := 0
	replaceTexts(reflect.ValueOf(&v.pairView).Elem(), func(text) text { n++; return text("\x00" + strconv.Itoa(n-1) + "\x00") })
	marked, err := f.execute(unit, v)
	if err != nil {
		return nil, err
	}
	m := &cachedTemplate{expected: harmless}
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
	b := bytes.NewBufferString(unitfile.BlankHeader(montimer.Version()))
	if err := f.template.ExecuteTemplate(b, unit, v); err != nil {
		return "", fmt.Errorf("render the %s: %w", unit, err)
	}
	return b.String(), nil
}

// harmless returns the lines that a unit has where no text means anything.
func (f *renderer) harmless(unit string, v view) ([]string, error) {
	replaceTexts(reflect.ValueOf(&v).Elem(), func(text) text { return "x" })
	content, err := f.execute(unit, v)
	return expectedLines(content), err
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
