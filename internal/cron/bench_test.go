package cron

import "testing"

func BenchmarkTranslate(b *testing.B) {
	for _, text := range []string{"5 * * * *", "30 4 1,15 * 5", "0 0 * * 5L", "0 0 29W * *", "*/7 9-17 */2 * *", "0 0 29W * * 2030"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x, err := Parse(Supercronic, text)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Translate("", x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
