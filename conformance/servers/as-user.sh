#!/bin/sh
# as-user.sh USER COMMAND…: runs the command as USER if root starts it. An ordinary user runs it as it is.
# For servers that cannot give up root themselves: their scripts must not run as root.
user=$1
shift
[ "$(id -u)" = 0 ] || exec "$@"
exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
