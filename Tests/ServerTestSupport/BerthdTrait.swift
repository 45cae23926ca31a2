import Testing

/// Gives a suite a server of its own: started before its first test, gone after its last.
package struct BerthdTrait: SuiteTrait, TestScoping {
    package var isRecursive: Bool { false }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let berthd = try Berthd()
        do {
            try await berthd.start()
            try await Berthd.$current.withValue(berthd) { try await function() }
        } catch {
            try? await berthd.tearDown()
            throw error
        }
        try await berthd.tearDown()
    }
}

extension Trait where Self == BerthdTrait {
    package static var berthd: Self { BerthdTrait() }
}
