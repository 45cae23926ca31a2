import GRDB
import Testing

@testable import Store

struct InstanceStatesTests {
    @Test func `instances of a server from before are kept, in their order, and may be asleep or stopped`() throws {
        let queue = try DatabaseQueue()
        try StoreMigrations.migrator.migrate(queue, upTo: "0006 events")
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO user (id, name, isAdmin, createdAt) VALUES ('u', 'ada', 0, 0);
                    INSERT INTO app (id, ownerID, name, template, createdAt) VALUES ('a', 'u', 'site', 'node', 0);
                    INSERT INTO channel (id, appID, name, label, binding, account, createdAt)
                        VALUES ('c', 'a', 'prod', 'site-ada', 'branch:master', 200000, 0);
                    INSERT INTO instance (id, channelID, releaseID, state, createdAt) VALUES ('x', 'c', 'r', 'draining', 7);
                    INSERT INTO instance (id, channelID, releaseID, state, createdAt) VALUES ('y', 'c', 's', 'live', 8);
                    """)
        }
        try StoreMigrations.migrator.migrate(queue)
        try queue.write { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT id, releaseID, state, createdAt FROM instance ORDER BY sequence")
            #expect(rows.map { $0["id"] as String } == ["x", "y"])
            #expect(rows.map { $0["state"] as String } == ["draining", "live"])
            #expect(rows.map { $0["createdAt"] as Double } == [7, 8])
            try db.execute(
                sql: """
                    INSERT INTO instance (id, channelID, releaseID, state, createdAt) VALUES ('z', 'c', 's', 'asleep', 9);
                    UPDATE instance SET state = 'stopped' WHERE id = 'x';
                    UPDATE instance SET state = 'suspended', reason = 'full' WHERE id = 'y';
                    """)
            #expect(try String.fetchAll(db, sql: "SELECT id FROM instance ORDER BY sequence") == ["x", "y", "z"])
            #expect(throws: DatabaseError.self) {
                try db.execute(sql: "UPDATE instance SET state = 'other' WHERE id = 'x'")
            }
            // They still go with their channel.
            try db.execute(sql: "DELETE FROM channel")
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM instance") == 0)
        }
    }
}
