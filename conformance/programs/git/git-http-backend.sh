#!/bin/sh
export GIT_PROJECT_ROOT='{data}' GIT_HTTP_EXPORT_ALL=1 HOME='{data}' PATH=/usr/local/bin:/usr/bin:/bin
exec '{program}'
