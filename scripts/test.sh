#!/bin/sh
# `npm test`: from a bare clone to the runner's own summary. Arguments go to vitest.
set -eu
cd "$(dirname "$0")/.."

if [ ! -d node_modules ]; then
  echo 'test: node_modules is missing, running npm ci' >&2
  npm ci
fi
scripts/ensure-tools.sh
exec node_modules/.bin/vitest run --project unit --project integration "$@"
