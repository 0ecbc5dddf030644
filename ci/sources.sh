# shellcheck shell=bash disable=SC2154  # build: gate.sh
# Functions that download packages of Debian and install nothing. Sourced after gate.sh.

# use_debian FOLDER LINE…: makes the later apt-get of this shell use the sources LINE, and keep its files in FOLDER. The
# lists of packages of the machine stay as they are. Changes to FOLDER.
use_debian() {
  local folder=$1
  shift
  mkdir -p -- "$folder/lists/partial" "$folder/archives/partial"
  printf '%s\n' "$@" >"$folder/sources"
  printf '%s\n' "Dir::Etc::sourcelist \"$folder/sources\";" 'Dir::Etc::sourceparts "-";' \
    "Dir::State::lists \"$folder/lists\";" "Dir::Cache \"$folder\";" 'Dir::State::status "/dev/null";' \
    'APT::Sandbox::User "";' >"$folder/apt.conf"
  export APT_CONFIG=$folder/apt.conf
  cd -- "$folder" || return
  step "reading the lists of packages for $(basename -- "$folder")" apt-get update
}

# need_source PACKAGE: makes build/sources/PACKAGE of the source package of Debian 12, with Debian's patches.
need_source() (
  [ ! -e "$build/sources/$1" ] || return 0
  use_debian "$build/sources/apt.$1" 'deb-src http://deb.debian.org/debian bookworm main' \
    'deb-src http://deb.debian.org/debian-security bookworm-security main'
  rm -f -- "$1"_*
  step "downloading the source of $1" apt-get source --download-only "$1"
  rm -rf -- source
  step "patching it" dpkg-source -x --no-check "$1"_*.dsc source
  mv -- source "$build/sources/$1"
)
