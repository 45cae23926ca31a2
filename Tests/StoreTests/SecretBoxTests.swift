import Core
import Crypto
import Foundation
import TestSupport
import Testing

@testable import Store

struct SecretBoxTests {
    private let box = SecretBox(key: SymmetricKey(size: .bits256))
    private let place = SealedPlace(table: "environmentValue", row: "1/KEY", column: "value")

    @Test(arguments: ["", "hello", String(repeating: "x", count: 65_536)])
    func `opens what it sealed`(_ text: String) throws {
        #expect(try box.openText(box.seal(text, at: place), at: place) == text)
    }

    @Test func `seals one text differently each time`() throws {
        #expect(try box.seal("hello", at: place) != box.seal("hello", at: place))
    }

    @Test func `does not open a value at another place, of another key, or changed`() throws {
        let sealed = try box.seal("hello", at: place)
        let elsewhere = SealedPlace(table: place.table, row: "2/KEY", column: place.column)
        #expect(throws: PlatformError.self) { try box.open(sealed, at: elsewhere) }
        #expect(throws: PlatformError.self) { try SecretBox(key: SymmetricKey(size: .bits256)).open(sealed, at: place) }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: PlatformError.self) { try box.open(changed, at: place) }
        }
        #expect(throws: PlatformError.self) { try box.open(Data(), at: place) }
    }
}
