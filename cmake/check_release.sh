#!/bin/sh
# Whether this commit can be released: the version is the same everywhere, the changelog has its
# section with a date, the pages are as the code is, and every way in works.
set -eu
cd "$(dirname "$0")/.."
. cmake/debian.sh

numbers=$(sed -n 's/^#define TESSERA_VERSION_[A-Z]* \([0-9]*\)$/\1/p' include/tessera/base/config.hpp)
version=$(echo $numbers | tr ' ' .)
minor=${version%.*}
say "version $version"

bad=0
wrong() { printf '%s\n' "not ready: $*"; bad=1; }

grep -Eq "^## $version, [0-9]{4}-[0-9]{2}-[0-9]{2}\$" .github/CHANGELOG.md ||
  wrong ".github/CHANGELOG.md has no section '## $version, YYYY-MM-DD'"
grep -q "\"version-semver\": \"$version\"" cmake/packages/vcpkg/vcpkg.json ||
  wrong "cmake/packages/vcpkg/vcpkg.json has another version"
grep -q "find_package(tessera $minor REQUIRED)" cmake/README.md ||
  wrong "cmake/README.md asks for another version"
grep -q "libtessera-dev_${version}_all.deb" cmake/README.md ||
  wrong "cmake/README.md names the Debian package of another version"
[ -z "$(git status --porcelain)" ] || wrong "there are changes that are not committed"
[ -z "$(git tag --list "v$version")" ] || wrong "the tag v$version is there already"
python3 -B tests/contract/pages_test.py . || wrong "pages have defects"
python3 -B tests/contract/errors_page.py . || wrong "the page of errors is old"
sh tests/consumer/run.sh || wrong "a way in does not work"

[ $bad = 0 ] || exit 1
say "ready: git tag v$version"
