# shellcheck shell=bash
# What every script in ci/ begins with: where things are, how a script speaks, its --help. Sourced, never run.
#
# CGI_CONFORM_BUILD names another build tree than build/ in the checkout, for a checkout that cannot be
# written to or belongs to somebody else.

set -euo pipefail

checkout=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
build=${CGI_CONFORM_BUILD:-$checkout/build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export CGI_CONFORM_BUILD=$build

# shellcheck disable=SC2034  # the scripts use it
cores=$(nproc 2>/dev/null || echo 2)

# Whether a person watches: then `show` writes a line that the next one replaces. Elsewhere it writes nothing.
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

# The opening comment of the calling script is its manual.
manual() { sed -n '2,/^[^#]/{/^# shellcheck /d;s/^# \{0,1\}//p}' "$(readlink -f -- "$0")"; }

# The arguments as one line that a shell reads back as the same words.
quoted() {
  local word line=
  for word; do
    [[ $word =~ ^[A-Za-z0-9_./:=@%+,{}-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    line+=" $word"
  done
  printf '%s' "${line# }"
}

# Ends with one line where the build tree cannot be made or written to.
need_writable_build() {
  local other
  mkdir -p -- "$build" 2>/dev/null || die 2 "cannot make $build: CGI_CONFORM_BUILD=DIR names another build tree"
  other=$(find "$build" -maxdepth 2 ! -type l ! -writable -print -quit 2>/dev/null) || true
  [ -z "$other" ] || die 2 "$other belongs to $(stat -c %U -- "$other") and is not writable for $(id -un):" \
    "CGI_CONFORM_BUILD=DIR names another build tree"
}

# One setup or build at a time in a build tree; later ones wait. The lock ends with the script.
lock_build() {
  command -v flock >/dev/null || return 0
  exec 9>"$build/.lock"
  flock 9
}

# The names of the known servers that are installed here; an instrument of the suite is none of them.
installed_servers() {
  "$build/bin/cgi-conform" servers | awk 'NR > 1 && $2 " " $3 !~ /^(not installed|test instrument)$/ { print $1 }'
}
