import ControlTestSupport
import Core
import TestSupport
import Testing

@testable import Control

@Suite("An app's variables")
struct EnvironmentServiceTests {
    private let platform = TestPlatform()

    @Test("have an end together, and what makes them fewer goes always")
    func total() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp("api1", by: alice)
        let environment = platform.control.environment
        let value = String(repeating: "x", count: EnvironmentValue.maximumBytes)
        for number in 10..<25 {
            try await environment.set("V\(number)", value: value, app: app.id, by: alice)
        }
        let left = EnvironmentValue.maximumTotal - 15 * ("V10".utf8.count + value.utf8.count) - "LAST".utf8.count
        let last = String(repeating: "y", count: left)
        try await environment.set("LAST", value: last, app: app.id, by: alice)

        let error = await #expect(throws: PlatformError.self) {
            try await environment.set("A", value: "", app: app.id, by: alice)
        }
        #expect(error?.code == .invalid)
        #expect(error?.message.hasPrefix("the app's variables would have 1048577 bytes together") == true)
        await #expect(throws: PlatformError.self) {
            try await environment.set("LAST", value: last + "y", app: app.id, by: alice)
        }
        try await environment.set("V10", value: "short", app: app.id, by: alice)
        try await environment.set("A", value: "", app: app.id, by: alice)
        #expect(try await environment.names(app: app.id, by: alice).count == 17)
    }
}
