#!/bin/bash
# release.sh DIR ARCH...  makes the files of a release in DIR: for each architecture a
#                         tarball, a .deb and an SBOM (CycloneDX; not with SBOM=no),
#                         and SHA256SUMS of all.
# release.sh --deb DIR    makes the .deb for this machine.
#
# make sets VERSION and SOURCE_DATE_EPOCH. The same source and Go make the same bytes,
# whatever the path, the user, the umask, the time zone and the locale.
set -euo pipefail
cd "${BASH_SOURCE%/*}/.."
umask 022
export LC_ALL=C TZ=UTC CGO_ENABLED=0 GOOS=linux GOAMD64=v1 GOARM64=v8.0 GOFLAGS=-trimpath GOEXPERIMENT=
go=${GO:-go}
: "${VERSION:?run make release}" "${SOURCE_DATE_EPOCH:?run make release}"

# Not in go.mod: the program has no use for what they need.
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
cyclonedx=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
# tool MODULE ARG...: runs a tool on this machine, whatever the release is for.
tool() { GOOS='' GOARCH='' "$go" run "$@"; }

# quietly COMMAND...: its output is shown if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    return 1
  }
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A version as Debian orders them: 1.0~rc1 is before 1.0, and 1.0+2 after it.
case $VERSION in
[0-9]*.*) deb_version=$(sed -E 's/-(alpha|beta|rc)/~\1/; s/-/+/g' <<<"$VERSION") ;;
*) deb_version=0~$(tr - + <<<"$VERSION") ;;
esac

# tree PREFIX: the files of the release in $work/tree.
tree() {
  rm -rf "$work/tree"
  make -s install DESTDIR="$work/tree" PREFIX="$1" BINARY="$work/$arch/montimer"
  licenses >"$work/tree$1/share/doc/montimer/LICENSES"
}

# licenses prints those of what is linked into the program, Go included.
licenses() {
  local name dir file
  { echo "Go $("$go" env GOVERSION GOROOT | xargs)" | sed 's/ /@/'; GOARCH=$arch "$go" list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/montimer | sort -u; } |
    while read -r name dir; do
      for file in "$dir"/LICENSE* "$dir"/NOTICE* "$dir"/COPYING*; do
        [[ ! -f $file ]] || printf '=== %s: %s\n\n%s\n\n' "$name" "${file##*/}" "$(<"$file")"
      done
    done
}

tarball() {
  local name=montimer-$VERSION-linux-$arch
  tree ''
  [[ ! -e deploy/install.sh ]] || install -m 755 -t "$work/tree" deploy/install.sh
  (cd "$work/tree" && find . -type f -printf '%P\n' | sort | xargs sha256sum >"$work/sums" && mv "$work/sums" SHA256SUMS)
  tar -C "$work/tree" --transform "s|^\.|$name|" --sort=name --format=gnu --owner=root:0 --group=root:0 --mode=u+rw,go-w \
    --mtime="@$SOURCE_DATE_EPOCH" -c . | gzip -9n >"$out/$name.tar.gz"
}

deb() {
  local doc=$work/tree/usr/share/doc/montimer script
  tree /usr
  gzip -9n "$work"/tree/usr/share/man/man*/*
  rm "$doc/LICENSE" # it is in copyright
  mv "$doc/LICENSES" "$doc/copyright.modules"
  mv "$doc/CHANGELOG.md" "$doc/changelog"
  gzip -9n "$doc/changelog"
  cp deploy/deb/copyright "$doc/"
  printf 'montimer (%s-1) unstable; urgency=medium\n\n  * Version %s: /usr/share/doc/montimer/changelog.gz has what is new.\n\n -- %s  %s\n' \
    "$deb_version" "$VERSION" "$(sed -n 's/^maintainer: //p' deploy/deb/nfpm.yaml)" "$(date -Rd "@$SOURCE_DATE_EPOCH")" |
    gzip -9n >"$doc/changelog.Debian.gz"
  install -D -m 644 deploy/deb/lintian-overrides "$work/tree/usr/share/lintian/overrides/montimer"
  cp deploy/deb/postinst "$work/"
  for script in prerm postrm; do cat deploy/deb/units.sh "deploy/deb/$script" >"$work/$script"; done
  sed "s|@ARCH@|$arch|; s|@VERSION@|$deb_version|; s|@WORK@|$work|; s|@COMPRESSION@|${DEB_COMPRESSION:-xz}|" deploy/deb/nfpm.yaml >"$work/nfpm.yaml"
  quietly tool "$nfpm" package --packager deb --config "$work/nfpm.yaml" --target "$out/montimer_${deb_version}_$arch.deb"
}

sbom() {
  quietly tool "$cyclonedx" bin -json -std -noserial -notimestamp -version "v$VERSION" \
    -output "$out/montimer-$VERSION-linux-$arch.cdx.json" "$work/$arch/montimer"
}

build() { GOARCH=$arch make -s build GOFLAGS= BINARY="$work/$arch/montimer"; }

if [[ ${1-} == --deb ]]; then
  mkdir -p "$2"
  out=$(cd "$2" && pwd) arch=$("$go" env GOHOSTARCH)
  build
  deb
  exit
fi
mkdir -p "$1"
rm -f "$1"/*
out=$(cd "$1" && pwd)
shift
for arch; do
  build
  tarball
  deb
  [[ ${SBOM-} == no ]] || sbom
done
cd "$out"
sha256sum -- * >"$work/sums"
cp "$work/sums" SHA256SUMS
