import Foundation
import TestSupport
import Testing

@testable import Router

@Suite struct BeneathFileTests {
    private func folder() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory("router-files")
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.path("site/sub"), withIntermediateDirectories: true)
        try manager.createDirectory(atPath: folder.path("outside"), withIntermediateDirectories: true)
        for name in ["site/sub/a.txt", "outside/secret"] {
            try Data("hello".utf8).write(to: URL(fileURLWithPath: folder.path(name)))
        }
        try manager.createSymbolicLink(atPath: folder.path("site/link.txt"), withDestinationPath: "../outside/secret")
        try manager.createSymbolicLink(atPath: folder.path("site/out"), withDestinationPath: "../outside")
        #expect(mkfifo(folder.path("site/pipe"), 0o600) == 0)
        return folder
    }

    @Test func readsAFile() throws {
        let folder = try folder()
        #expect(try BeneathFile.read(root: folder.path("site"), path: "sub/a.txt", size: 5) == Array("hello".utf8))
    }

    @Test(arguments: [
        "link.txt", "out/secret", "../outside/secret", "sub/../sub/a.txt", "/sub/a.txt", "sub//a.txt", "./sub/a.txt",
        "sub", "pipe", "missing", "", "sub/a.txt/", "sub/a.txt/x",
    ])
    func doesNotLeaveTheFolder(_ path: String) throws {
        let folder = try folder()
        #expect(throws: BeneathFile.Failure.self) {
            try BeneathFile.read(root: folder.path("site"), path: path, size: 5)
        }
    }

    @Test func refusesAFileOfAnotherSize() throws {
        let folder = try folder()
        #expect(throws: BeneathFile.Failure.self) {
            try BeneathFile.read(root: folder.path("site"), path: "sub/a.txt", size: 4)
        }
    }

    @Test func readsAnEmptyFile() throws {
        let folder = try folder()
        try Data().write(to: URL(fileURLWithPath: folder.path("site/empty")))
        #expect(try BeneathFile.read(root: folder.path("site"), path: "empty", size: 0).isEmpty)
    }
}
