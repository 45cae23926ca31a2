import Foundation
import TestSupport
import Testing

@testable import Runner

@Suite struct RootfsCollectionTests {
    @Test func `what nobody names is removed, and nothing else`() async throws {
        let directory = try TemporaryDirectory("rootfs")
        let (named, old) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        for folder in ["\(named)/usr", "\(old)/usr/bin", "lost+found", "\(old)x"] {
            try FileManager.default.createDirectory(
                atPath: directory.path(folder), withIntermediateDirectories: true)
        }
        let store = RootfsStore(directory: directory.path, node: nil, logger: RunnerFixture.logger)
        await store.collect(keeping: [named])
        #expect(HostFiles.names(in: directory.path) == [named, "\(old)x", "lost+found"].sorted())
        #expect(HostFiles.exists(directory.path("\(named)/usr")))
    }
}
