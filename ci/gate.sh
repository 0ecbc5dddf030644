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

# annotate MESSAGE: shows the message at the top of a workflow of GitHub, which also reads the error output.
annotate() {
  local text=$*
  text=${text//'%'/%25}
  text=${text//$'\r'/%0D}
  [ "${GITHUB_ACTIONS-}" != true ] || printf '::error title=cgi-conform::%s\n' "${text//$'\n'/%0A}" >&2
}

# refuse MESSAGE: exits with 2, after an annotation.
refuse() {
  annotate "$*"
  die 2 "$*"
}

# Prints the opening comment of the calling script, which is its manual.
manual() { sed -n '2,/^[^#]/{/^# shellcheck /d;s/^# \{0,1\}//p}' "$(readlink -f -- "$0")"; }

# nearest WORD KNOWN…: prints the known word that needs the fewest changes to become WORD, or nothing if it needs many.
nearest() {
  printf '%s\n' "${@:2}" | word=${1:0:64} awk '
    function changes(a, b, row, i, j, diagonal, above) {
      for (j = 0; j <= length(b); j++) row[j] = j
      for (i = 1; i <= length(a); i++) {
        diagonal = row[0]
        row[0] = i
        for (j = 1; j <= length(b); j++) {
          above = row[j]
          row[j] = diagonal + (substr(a, i, 1) != substr(b, j, 1))
          if (above + 1 < row[j]) row[j] = above + 1
          if (row[j - 1] + 1 < row[j]) row[j] = row[j - 1] + 1
          diagonal = above
        }
      }
      return row[length(b)]
    }
    BEGIN { word = ENVIRON["word"]; least = int(length(word) / 3) + 1 }
    { needed = length(word) > 3 && index($0, word) == 1 ? 0 : changes(word, $0) }
    needed < least { least = needed; best = $0 }
    END { if (best != "") print best }'
}

# hint WORD OTHERWISE KNOWN…: prints the end of a message about an unknown word: the nearest known word, or OTHERWISE.
hint() {
  local found
  found=$(nearest "$1" "${@:3}")
  [ -z "$found" ] && printf ' (%s)' "$2" || printf ' (did you mean "%s"?)' "$found"
}

# unknown_argument WORD KNOWN…: exits with a message that names the nearest of KNOWN and of the options in the manual.
unknown_argument() {
  local options
  mapfile -t options < <(manual | awk '/^$/ { below = 1 } !below || /^ +-/' | grep -oE -- '--[a-z]+(-[a-z]+)*')
  die 2 "unknown argument \"$1\"$(hint "${1%%=*}" "see --help" "${@:2}" "${options[@]}")"
}

# Prints the value of --minutes, or exits with a message.
whole_minutes() {
  [[ $1 =~ ^[1-9][0-9]{0,3}$ ]] || die 2 "--minutes \"$1\" is not a whole number from 1 to 9999"
  printf '%s' "$1"
}

# Prints the arguments as one line that a shell reads back as the same words.
quoted() {
  local word line=
  for word; do
    [[ $word =~ ^[A-Za-z0-9_./:=@%+,{}-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    line+=" $word"
  done
  printf '%s' "${line# }"
}

# follow FILE: copies the output of a command to FILE, and shows the progress of Ninja or Make.
follow() {
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line"
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (Building|Linking) ]]; then
      show "compiling ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
    elif [[ $line =~ ^\[\ *([0-9]+)%\] ]]; then
      show "compiling, ${BASH_REMATCH[1]} %"
    fi
  done >"$1"
}

# step NAME COMMAND…: prints NAME and runs COMMAND without input. If it fails, prints its output and exits.
step() {
  local said
  said=$(mktemp)
  say "$1"
  shift
  if ! NINJA_STATUS='[%f/%t] ' "$@" 2>&1 </dev/null | follow "$said"; then
    wipe
    cat -- "$said" >&2
    rm -f -- "$said"
    die 1 "failed: $(quoted "$@")"
  fi
  rm -f -- "$said"
}

# Makes a package depend on the sources, and not on the time, the user, or the settings of the compiler and the locale.
# Files get the time in SOURCE_DATE_EPOCH (default: that of the commit; without a repository, now).
build_reproducibly() {
  umask 022
  : "${SOURCE_DATE_EPOCH:=$(git -C "$checkout" log -1 --format=%ct 2>/dev/null || date +%s)}"
  export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
  unset CXXFLAGS CFLAGS CPPFLAGS LDFLAGS
}

# backend FUNCTION FOLDER: calls a function of setuptools in the current folder. It writes a package to FOLDER.
backend() { "$build/bin/python" -c 'import setuptools.build_meta as b, sys; getattr(b, sys.argv[1])(sys.argv[2])' "$@"; }

# Exits with a message if the build tree cannot be made or written to.
need_writable_build() {
  local other
  mkdir -p -- "$build" 2>/dev/null || die 2 "cannot make the folder $build (set CGI_CONFORM_BUILD to another one)"
  other=$(find "$build" -maxdepth 2 ! -type l ! -writable -print -quit 2>/dev/null) || true
  [ -z "$other" ] || die 2 "$(id -un) cannot write to $other, which belongs to $(stat -c %U -- "$other")" \
    "(set CGI_CONFORM_BUILD to another folder)"
}

# Makes a signal end the children of this shell, too. A function that runs beside others calls it in its own shell.
end_on_signals() { trap 'trap "" INT TERM; kill $(jobs -p) 2>/dev/null || true; exit 130' INT TERM; }

# within SECONDS COMMAND…: runs a command, and ends it after so many seconds (status 124) or with this script.
within() {
  end_on_signals
  timeout -k 10 "$@" &
  wait $!
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
