#!/bin/sh
# start.sh USER PORT-FILE COMMAND…: runs the command as USER, who may write PORT-FILE.
user=$1
port_file=$2
shift 2
: > "$port_file"
[ "$(id -u)" != 0 ] || chown "$user" "$port_file"
exec /bin/sh "$(dirname "$0")/../as-user.sh" "$user" "$@"
