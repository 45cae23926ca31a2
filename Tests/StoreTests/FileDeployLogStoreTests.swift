import Core
import Foundation
import Store
import TestSupport
import Testing

struct FileDeployLogStoreTests {
    @Test func `many logs may be written at once without a descriptor being left open for each`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let store = try FileDeployLogStore(dataDirectory: directory.path)
        let deploys = (0..<300).map { _ in ID<Deploy>() }
        for round in 0..<2 {
            for deploy in deploys { try store.append("line \(round)\n", deploy: deploy) }
        }
        for deploy in deploys { #expect(try await store.read(deploy) == Data("line 0\nline 1\n".utf8)) }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
            return target?.hasPrefix(directory.path) == true
        }
        #expect(descriptors.count <= 64)
    }

    @Test func `concurrent lines stay whole`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let store = try FileDeployLogStore(dataDirectory: directory.path)
        let deploy = ID<Deploy>()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask { try? store.append(String(repeating: "x", count: number) + "\n", deploy: deploy) }
            }
        }
        let log = try #require(try await store.read(deploy))
        let lengths = String(decoding: log, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lengths.dropLast().map(\.count).sorted() == Array(0..<200))
    }
}
