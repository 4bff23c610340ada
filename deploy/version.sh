#!/bin/sh
# Prints the version of this source tree, its commit, and the time of that in seconds
# since 1970: as git has them or, in the archive of a release, as git archive has
# written them into source.txt. Without either: unknown unknown 0.
set -eu
cd "$(dirname "$0")"

# ask runs git in a tree of another user too: make runs what is in it anyway.
ask() { git -c safe.directory='*' "$@" 2>/dev/null; }
# archived KEY prints a line of source.txt, if git archive has filled it in.
archived() { sed -n "s/^$1 //p" source.txt 2>/dev/null | grep -v '^\$' || true; }

if ask ls-files --error-unmatch "$(basename "$0")" >/dev/null && commit=$(ask rev-parse HEAD); then
  version=$(ask describe --tags --always --dirty --match 'v[0-9]*')
  time=$(ask log -1 --format=%ct)
else
  commit=$(archived commit)
  version=$(archived describe)
  version=${version:-$(printf %.7s "$commit")}
  time=$(archived time)
fi
version=${version#v}
echo "${version:-unknown} ${commit:-unknown} ${time:-0}"
