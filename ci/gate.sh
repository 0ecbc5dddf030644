# shellcheck shell=bash
# Every script in ci/ sources this file first. It sets $checkout, $build and $cores, and defines the functions for
# messages and for --help.
#
# CGI_CONFORM_BUILD names a build tree other than build/ in the checkout. A user who cannot write to the checkout
# needs it.

set -euo pipefail

checkout=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
build=${CGI_CONFORM_BUILD:-$checkout/build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export CGI_CONFORM_BUILD=$build

# shellcheck disable=SC2034  # the scripts use $cores
cores=$(nproc 2>/dev/null || echo 2)

# On a terminal, `show` writes a line that the next line replaces. Elsewhere it writes nothing.
watched=
if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then watched=yes; fi
wipe() { [ -z "$watched" ] || printf '\r\033[K' >&2; }
show() { [ -z "$watched" ] || printf '\r\033[Kci/%s: %s' "${0##*/}" "$*" >&2; }

say() {
  wipe
  printf 'ci/%s: %s\n' "${0##*/}" "$*" >&2
}

# die STATUS MESSAGE
die() {
  local status=$1
  shift
  say "$*"
  exit "$status"
}

# Prints the opening comment of the calling script, which is its manual.
manual() { sed -n '2,/^[^#]/{/^# shellcheck /d;s/^# \{0,1\}//p}' "$(readlink -f -- "$0")"; }

# Prints the arguments as one line that a shell reads back as the same words.
quoted() {
  local word line=
  for word; do
    [[ $word =~ ^[A-Za-z0-9_./:=@%+,{}-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    line+=" $word"
  done
  printf '%s' "${line# }"
}

# Exits with a message if the build tree cannot be made or written to.
need_writable_build() {
  local other
  mkdir -p -- "$build" 2>/dev/null || die 2 "cannot make the folder $build (set CGI_CONFORM_BUILD to another one)"
  other=$(find "$build" -maxdepth 2 ! -type l ! -writable -print -quit 2>/dev/null) || true
  [ -z "$other" ] || die 2 "$(id -un) cannot write to $other, which belongs to $(stat -c %U -- "$other")" \
    "(set CGI_CONFORM_BUILD to another folder)"
}

# Lets only one setup or build at a time work in a build tree; later ones wait. The lock ends with the script.
lock_build() {
  command -v flock >/dev/null || return 0
  exec 9>"$build/.lock"
  flock 9
}

# is_built_here SERVER: succeeds if the known server is built in this checkout, which needs a compiler.
is_built_here() { grep -qs '{build}' "$checkout/conformance/servers/$1/server.toml"; }

# Prints the names of the known servers that are installed, without the test instruments of the suite.
installed_servers() {
  "$build/bin/cgi-conform" servers | awk 'NR > 1 && $2 " " $3 !~ /^(not installed|test instrument)$/ { print $1 }'
}
