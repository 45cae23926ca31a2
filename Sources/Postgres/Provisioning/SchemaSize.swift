/// How much a channel's schema takes on disk.
enum SchemaSize {
    /// Locks that a tenant holds must not keep the answer waiting.
    private static let lockTime = "200ms"

    /// Tables with their indexes and long values, views that keep rows, sequences. When a tenant holds a lock, what the
    /// last maintenance of each table counted.
    static func bytes(
        _ schema: SQLIdentifier, _ inside: borrowing PostgresConnection
    ) throws(PostgresError) -> Int {
        try inside.execute("SET lock_timeout = '\(lockTime)'")
        do throws(PostgresError) {
            return try inside.execute(
                """
                SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'm', 'S')
                """, [schema.name]
            ).integer() ?? 0
        } catch  where error.state == "55P03" {
            return try inside.execute(
                """
                SELECT COALESCE(sum(c.relpages::bigint + COALESCE(t.relpages, 0)), 0)
                       * current_setting('block_size')::bigint
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
                WHERE n.nspname = $1 AND c.relkind IN ('r', 'm', 'S', 'i')
                """, [schema.name]
            ).integer() ?? 0
        }
    }
}
