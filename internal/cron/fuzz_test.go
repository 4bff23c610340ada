package cron

import (
	"strings"
	"testing"
	"time"
)

// FuzzParse: no text makes the package panic, every error is complete, every
// translation is proven, and an expression agrees with itself.
func FuzzParse(f *testing.F) {
	for _, line := range append(lines(f, "hand.tsv"), lines(f, "corpus-real.txt")...) {
		column := strings.Split(line, "\t")
		text := column[min(1, len(column)-1)]
		for i := range Dialects() {
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, dialect uint8, text string) {
		d := Dialects()[int(dialect)%len(Dialects())]
		x, err := Parse(d, text)
		if err != nil {
			mustRefuse(t, d, text)
			return
		}
		translation, err := Translate("Europe/Berlin", x)
		if err != nil {
			t.Fatal(err)
		}
		if !translation.Boot && len(translation.Events)+len(translation.Every) == 0 {
			t.Fatalf("%q never runs", text)
		}
		if x.Words() == "" {
			t.Errorf("%q has no words", text)
		}
		x.Warnings(time.UTC, time.Unix(0, 0))
	})
}
