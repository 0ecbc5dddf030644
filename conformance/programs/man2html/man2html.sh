#!/bin/sh
export PATH=/usr/local/bin:/usr/bin:/bin
exec '{program}' "$@"
