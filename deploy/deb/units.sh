#!/bin/sh
set -e

# The units come from compile, not from this package, and may start another montimer.
# compiled prints a line "DIRECTORY NAME PROGRAM" for each instance: NAME is what the
# names of its units begin with, PROGRAM what they start.
compiled() {
	for dir in /etc /run /usr/local/lib /usr/lib; do
		for file in "$dir"/systemd/system/montimer*apply.service; do
			[ -f "$file" ] && [ ! -L "$file" ] || continue
			name=${file##*/}
			echo "$dir/systemd/system ${name%-apply.service} $(sed -n 's|^ExecStart=\(/[^ ]*\) apply.*|\1|p' "$file")"
		done
	done
}
# ours prints "DIRECTORY NAME" for each instance whose units start this one.
ours() {
	compiled | while read -r dir name program; do
		[ "$program" != /usr/bin/montimer ] || echo "$dir $name"
	done
}

