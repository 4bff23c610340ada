#!/bin/sh
# fuzz.sh TIME: runs every fuzz target of the tree for that long. Without a bound Go
# spends most of that on making each new input smaller, for up to a minute each.
set -eu
cd "$(dirname "$0")/.."
grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do
  package=$(dirname "$file")
  sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$file" | while read -r target; do
    echo "== $package $target"
    (cd "$package" && go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 100x .)
  done
done
