# The place for migrations: DATABASE_URL is set when the server has Postgres.
set -eu
node --version
