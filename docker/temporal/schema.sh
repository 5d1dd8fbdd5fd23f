#!/bin/sh
# Makes Temporal's two databases, or brings them up to date.
set -eu

main() {
  bring_up temporal temporal
  bring_up temporal_visibility visibility
}

# A database that is there already only needs what is newer than it.
bring_up() {
  update "$1" "$2" 2>/dev/null || {
    tool "$1" create
    tool "$1" setup-schema -v 0.0
    update "$1" "$2"
  }
}

update() {
  tool "$1" update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

tool() {
  database=$1
  shift
  temporal-sql-tool --plugin "$DB" --ep "$POSTGRES_SEEDS" -p "$DB_PORT" -u "$POSTGRES_USER" --db "$database" "$@"
}

main
