#!/bin/sh
# Runs a Windows program under Wine, without a display, and gives its exit code (modulo 256):
#   sh tests/win32/wine.sh PROGRAM.exe ARGUMENT...
# WINEPREFIX is where Wine keeps what it takes for a Windows machine. Wine's services inherit the
# standard output and stay, so that a pipe would wait for them: the program writes to a file.
# A program that has a PROGRAM.rebased beside it runs from a folder of its own, where it may put
# that in its place.
set -u
export WINEPREFIX="${WINEPREFIX:-$(cd "$(dirname "$0")/../.." && pwd -P)/build/win32/wine}"
export WINEDEBUG=-all
export WINEDLLOVERRIDES="winemenubuilder.exe=d;mscoree=d;mshtml=d;winex11.drv=d;winedbg.exe=d"
unset DISPLAY
program=$1
shift
output=$(mktemp)
# Once in some thousand starts Wine ends a program before its first instruction. All programs that
# are started here print something, so one that failed and printed nothing is started again.
for try in 1 2 3; do
  own=
  started=$program
  if [ -f "${program%.exe}.rebased" ]; then
    own=$(mktemp -d "${program%.exe}-XXXXXX") || exit 1
    ln "$program" "${program%.exe}.rebased" "$own" || exit 1
    started=$own/${program##*/}
  fi
  wine "$started" "$@" >"$output" 2>&1 </dev/null
  status=$?
  rm -rf ${own:+"$own"}
  if [ "$status" -eq 0 ] || [ -s "$output" ]; then break; fi
  echo "wine.sh: exit code $status and no output, try $try of 3" >&2
done
cat "$output"
rm -f "$output"
exit "$status"
