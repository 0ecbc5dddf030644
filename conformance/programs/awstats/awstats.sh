#!/bin/sh
export AWSTATS_ENABLE_CONFIG_DIR='{data}' PATH=/usr/local/bin:/usr/bin:/bin
exec '{program}'
