import Core
import Crypto
import Foundation

/// Where a sealed value stands. It is authenticated with the value, so that one row's secret cannot be moved into
/// another's place.
struct SealedPlace {
    let table: String
    let row: String
    let column: String

    /// Unambiguous: none of the parts can hold a NUL.
    fileprivate var associatedData: Data { Data("berth\0\(table)\0\(row)\0\(column)".utf8) }
}

/// Seals values at rest with AES-256-GCM (NIST SP 800-38D), a fresh random nonce each.
///
/// A sealed value is one format byte, then nonce (12 bytes), ciphertext and tag (16 bytes).
struct SecretBox: Sendable {
    private static let format: UInt8 = 1

    private let key: SymmetricKey

    init(key: SymmetricKey) { self.key = key }

    func seal(_ plaintext: Data, at place: SealedPlace) throws -> Data {
        let box = try AES.GCM.seal(plaintext, using: key, authenticating: place.associatedData)
        return Data([Self.format]) + box.nonce + box.ciphertext + box.tag
    }

    func seal(_ text: String, at place: SealedPlace) throws -> Data { try seal(Data(text.utf8), at: place) }

    /// Throws `.unavailable` when the value was not sealed with this key at this place, or was changed since.
    func open(_ sealed: Data, at place: SealedPlace) throws -> Data {
        do {
            guard sealed.first == Self.format else { throw CryptoKitError.incorrectParameterSize }
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst())
            return try AES.GCM.open(box, using: key, authenticating: place.associatedData)
        } catch {
            throw PlatformError(
                .unavailable, "a stored secret cannot be opened: it was not sealed with this server's key",
                cause: "\(place.table).\(place.column): \(error)")
        }
    }

    func openText(_ sealed: Data, at place: SealedPlace) throws -> String {
        String(decoding: try open(sealed, at: place), as: UTF8.self)
    }
}
