#!/bin/sh
# Runs a Windows program under Wine, without a display, and gives its exit code (modulo 256):
#   sh tests/win32/wine.sh PROGRAM.exe ARGUMENT...
# WINEPREFIX is where Wine keeps what it takes for a Windows machine. Wine's services inherit the
# standard output and stay, so that a pipe would wait for them: the program writes to a file.
set -u
export WINEDEBUG=-all
export WINEDLLOVERRIDES="winemenubuilder.exe=d;mscoree=d;mshtml=d;winex11.drv=d;winedbg.exe=d"
unset DISPLAY
output=$(mktemp)
wine "$@" >"$output" 2>&1 </dev/null
status=$?
cat "$output"
rm -f "$output"
exit "$status"
