import Core
import Foundation
import GRDB

extension Database {
    /// Runs a statement that changes rows, through the statement cache. Returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try cachedStatement(sql: sql).execute(arguments: arguments)
        return changesCount
    }
}

extension FetchableRecord {
    static func all(_ db: Database, _ sql: String, _ arguments: StatementArguments = []) throws -> [Self] {
        try fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
    }

    static func one(_ db: Database, _ sql: String, _ arguments: StatementArguments = []) throws -> Self? {
        try fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
    }
}

/// A row that the schema allows and the domain does not: another program wrote it, or a fault of ours.
struct CorruptRow: Error {
    let column: String
}

extension Row {
    func id<Entity>(_ column: String, of _: Entity.Type = Entity.self) throws -> ID<Entity> {
        guard let id = ID<Entity>(self[column] as String) else { throw CorruptRow(column: column) }
        return id
    }

    func optionalID<Entity>(_ column: String, of _: Entity.Type = Entity.self) throws -> ID<Entity>? {
        guard let text = self[column] as String? else { return nil }
        guard let id = ID<Entity>(text) else { throw CorruptRow(column: column) }
        return id
    }

    func commit(_ column: String) throws -> CommitID {
        guard let commit = CommitID(self[column] as String) else { throw CorruptRow(column: column) }
        return commit
    }

    func optionalCommit(_ column: String) throws -> CommitID? {
        guard let text = self[column] as String? else { return nil }
        guard let commit = CommitID(text) else { throw CorruptRow(column: column) }
        return commit
    }

    func choice<Value: RawRepresentable<String>>(_ column: String, of _: Value.Type = Value.self) throws -> Value {
        guard let value = Value(rawValue: self[column]) else { throw CorruptRow(column: column) }
        return value
    }

    /// Times are kept as seconds since 1970.
    func date(_ column: String) -> Date { Date(timeIntervalSince1970: self[column]) }
    func optionalDate(_ column: String) -> Date? {
        (self[column] as Double?).map { Date(timeIntervalSince1970: $0) }
    }
}

extension ID {
    /// The form that the store keeps.
    var text: String { description }
}

extension Date {
    /// The form that the store keeps.
    var seconds: Double { timeIntervalSince1970 }
}
