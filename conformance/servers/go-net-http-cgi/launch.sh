#!/bin/sh
# launch.sh GO SOURCE FILES ARGUMENT…: builds FILES/go-cgi with the Go command, and runs it with the arguments.
# go build caches where it always does for this user, because a cold build of the standard library takes long. Its
# temporary files go to FILES, because the suite may end it.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
[ -w "$home" ] || home=$3
program=$3/go-cgi
mkdir -p "$3" || exit 1
HOME=$home GOTMPDIR=$3 "$1" build -o "$program" "$2" || exit 1
shift 3
exec "$program" "$@"
