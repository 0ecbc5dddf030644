#!/bin/sh
# launch.sh NGINX FOLDER USER COUNT: starts COUNT processes of fcgiwrap on a socket in FOLDER, as USER if root starts it,
# and nginx in front of them.
set -eu
as=
[ "$(id -u)" != 0 ] || as="setpriv --reuid=$3 --regid=$(id -g "$3") --clear-groups"
$as fcgiwrap -c "$4" -s "unix:$2/fcgi" &
until [ -S "$2/fcgi" ]; do
  kill -0 $! || exit 1
  sleep 0.02
done
exec "$1" -c "$2/nginx.conf" -p "$2" -e stderr
