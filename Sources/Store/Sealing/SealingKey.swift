import Core
import Crypto
import Foundation
import GRDB

/// The key file `<data>/secrets/store.key`: 32 random bytes, mode 0600, made once. The database holds a value sealed with
/// it, so that a wrong or lost key is noticed at start and never replaced.
enum SealingKey {
    static let fileName = "store.key"
    /// The key of a change that may not have been completed.
    static let nextFileName = "store.key.next"
    private static let size = 32
    private static let check = SealedPlace(table: "setting", row: "keyCheck", column: "value")

    /// The box for `database`, which is at its newest schema. The caller holds the lock for opening.
    static func open(directory: String, database: DatabasePool) throws -> SecretBox {
        try PrivateFile.makeDirectory(directory)
        let path = "\(directory)/\(fileName)"
        let sealed = try database.read {
            try Data.fetchOne($0, sql: "SELECT value FROM setting WHERE name = 'keyCheck'")
        }
        if let sealed {
            try settle(directory: directory, sealed: sealed)
            let box = SecretBox(key: try read(path))
            do {
                _ = try box.open(sealed, at: check)
            } catch {
                throw PlatformError(
                    .unavailable,
                    "the key file secrets/\(fileName) is not the one that this database was sealed with; "
                        + "restore the file that belongs to it")
            }
            return box
        }
        // A key without a check value: the server was stopped between the two steps of its first start.
        if !FileManager.default.fileExists(atPath: path) { try make(path) }
        let box = SecretBox(key: try read(path))
        let value = try box.seal(Data("berth".utf8), at: check)
        try database.write {
            try $0.execute(sql: "INSERT INTO setting (name, value) VALUES ('keyCheck', ?)", arguments: [value])
        }
        return box
    }

    /// Replaces the key. `reseal` gets the old box and the new one, and seals everything anew in one transaction, to which
    /// the check value belongs. Whenever this is cut short, the next `open` finds the key that fits.
    static func replace(
        directory: String, old: SecretBox, _ reseal: (_ old: SecretBox, _ new: SecretBox, _ check: Data) throws -> Void
    ) throws {
        let next = "\(directory)/\(nextFileName)"
        try make(next)
        let new = SecretBox(key: try read(next))
        try reseal(old, new, try new.seal(Data("berth".utf8), at: check))
        try PrivateFile.rename(next, to: "\(directory)/\(fileName)")
    }

    /// Ends a change of the key that was cut short: the database tells which of the two keys it is sealed with.
    private static func settle(directory: String, sealed: Data) throws {
        let next = "\(directory)/\(nextFileName)"
        guard FileManager.default.fileExists(atPath: next) else { return }
        let isSealedWithNext = (try? SecretBox(key: read(next)).open(sealed, at: check)) != nil
        if isSealedWithNext {
            try PrivateFile.rename(next, to: "\(directory)/\(fileName)")
        } else {
            try FileManager.default.removeItem(atPath: next)
        }
    }

    private static func make(_ path: String) throws {
        let key = SymmetricKey(size: .bits256)
        try PrivateFile.write(key.withUnsafeBytes { Data($0) }, to: path)
    }

    private static func read(_ path: String) throws -> SymmetricKey {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw PlatformError(
                .unavailable,
                "the key file secrets/\(fileName) is missing or unreadable; restore it, without it nothing that was "
                    + "sealed can be opened")
        }
        guard bytes.count == size else {
            throw PlatformError(.unavailable, "the key file secrets/\(fileName) is damaged; restore it")
        }
        return SymmetricKey(data: bytes)
    }
}
