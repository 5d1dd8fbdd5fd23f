#!/bin/sh
# switch.sh FOLDER VERSION: lets `current` point to the release, in one moment.
set -eu
cd "$1"
ln -sfn "releases/$2" current.new
mv -T current.new current
echo "current is $2"
