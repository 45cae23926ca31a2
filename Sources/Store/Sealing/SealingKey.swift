import Core
import Crypto
import Foundation
import GRDB

/// The key file `<data>/secrets/store.key`: 32 random bytes, mode 0600, made once. The database holds a value sealed with
/// it, so that a wrong or lost key is noticed at start and never replaced.
enum SealingKey {
    static let fileName = "store.key"
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
