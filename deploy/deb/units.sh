#!/bin/sh
set -e

# The units come from compile, not from this package, and may start another montimer.
# ours prints a line "DIRECTORY NAME" for each instance whose units start this one:
# NAME is what the names of its units begin with.
ours() {
	for dir in /etc /run /usr/local/lib /usr/lib; do
		for file in "$dir"/systemd/system/montimer*apply.service; do
			[ -f "$file" ] && [ ! -L "$file" ] || continue
			grep -q '^ExecStart=/usr/bin/montimer apply' "$file" || continue
			name=${file##*/}
			echo "$dir/systemd/system ${name%-apply.service}"
		done
	done
}

