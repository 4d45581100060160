#!/bin/sh
# Creates both databases of a Temporal server where they are missing, and brings them to the version of this image.
set -eu
schema=/etc/temporal/schema/postgresql/v12

bring_up() {
  temporal-sql-tool --plugin "$SQL_PLUGIN" --ep "$SQL_HOST" --port "$SQL_PORT" --user "$SQL_USER" --db "$1" create
  temporal-sql-tool --plugin "$SQL_PLUGIN" --ep "$SQL_HOST" --port "$SQL_PORT" --user "$SQL_USER" --db "$1" setup-schema --version 0.0
  temporal-sql-tool --plugin "$SQL_PLUGIN" --ep "$SQL_HOST" --port "$SQL_PORT" --user "$SQL_USER" --db "$1" update-schema --schema-dir "$schema/$2/versioned"
}

bring_up temporal temporal
bring_up temporal_visibility visibility
