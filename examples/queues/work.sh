#!/bin/sh
# Yours goes here. This work is a job "NAME SECONDS": it waits as long as there is a file NAME in the folder HOLD.
set -eu
name=${1% *} seconds=${1#* }
echo "begin $name"
while [ -e "$HOLD/$name" ]; do sleep 0.1; done
sleep "$seconds"
