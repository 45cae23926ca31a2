import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

struct FileSystemSyncTests {
    /// What is on the disk after a power cut cannot be seen from here; that every way goes through without an error,
    /// over every kind of entry, can.
    @Test(arguments: [nil, 0, 1, FileSystemSync.fileLimit + 1] as [Int?])
    func everyWayTakesEveryKindOfEntry(_ newFiles: Int?) throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path("a/b"), withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path("a/b/file")))
        try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path("one")))
        link(directory.path("one"), directory.path("two"))
        symlink("/nonexistent", directory.path("link"))
        mkfifo(directory.path("fifo"), 0o600)
        try FileSystemSync.sync(FolderHandle(path: directory.path), newFiles: newFiles)
    }
}
