#!/bin/sh
export CGIT_CONFIG='{data}/cgitrc' HOME='{data}' PATH=/usr/local/bin:/usr/bin:/bin
exec '{program}'
