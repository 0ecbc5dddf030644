#!/bin/sh
export REDIRECT_STATUS=200 SCRIPT_FILENAME='{root}/teapot.php'
exec '{program}'
