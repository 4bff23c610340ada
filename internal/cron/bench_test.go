package cron

import (
	"fmt"
	"testing"
)

// BenchmarkTranslate reads, translates and proves one expression.
func BenchmarkTranslate(b *testing.B) {
	for _, text := range []string{"5 * * * *", "30 4 1,15 * 5", "*/7 9-17 */2 * *", "0 0 * * 5L", "0 0 29W * *"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				translate(b, "", parse(b, Supercronic, text))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "expressions/s")
		})
	}
}

// BenchmarkUnion shows that the time of a list grows with its length only.
func BenchmarkUnion(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var xs []*Expression
			for i := range n {
				xs = append(xs, parse(b, Supercronic, fmt.Sprintf("%d %d 1,15 * 5", i%60, i%24)))
			}
			for b.Loop() {
				translate(b, "", xs...)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "expressions/s")
		})
	}
}
