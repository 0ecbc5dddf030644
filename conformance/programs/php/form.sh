#!/bin/sh
export REDIRECT_STATUS=200 SCRIPT_FILENAME='{root}/form.php'
exec '{program}'
