#!/bin/sh
export GITWEB_CONFIG='{data}/gitweb.conf' HOME='{data}' PATH=/usr/local/bin:/usr/bin:/bin
exec '{program}'
