#!/bin/sh
# `npm test`: from a bare clone to the runner's own summary. Arguments go to vitest.
set -eu
cd "$(dirname "$0")/.."

if [ ! -e node_modules/.package-lock.json ]; then
  echo 'test: node_modules is missing, running npm ci' >&2
  npm ci --loglevel error
fi
scripts/ensure-tools.sh

# Tests start the command line again and again: built, it starts in a fraction of the time that its sources take.
is_built() {
  [ -e dist/.built ] && [ -z "$(find . -name '*.ts' -newer dist/.built ! -path './node_modules/*' ! -path './test/*')" ]
}
if [ $# = 0 ] && ! is_built; then npm run build; fi

exec node_modules/.bin/vitest run --project unit --project integration "$@"
