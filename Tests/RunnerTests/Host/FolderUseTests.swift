import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Runner

@Suite struct FolderUseTests {
    private static let anything = DiskLimit(bytes: .max, entries: .max)
    private static let mebibyte = 1 << 20
    /// What file systems take for folders and lists of blocks.
    private static let slack = 64 << 10

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("folder-use") }

    /// Writes a file of a mebibyte.
    private func write(_ path: String) throws {
        let url = URL(fileURLWithPath: directory.path(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(repeating: 1, count: Self.mebibyte).write(to: url)
    }

    /// More than the folders take themselves.
    private static let leaf = 8 << 20

    /// Makes folders within one another, and a file in the last.
    private func nest(_ count: Int) throws {
        var folder = open(directory.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<count {
            try #require(mkdirat(folder, "d", 0o755) == 0)
            let next = openat(folder, "d", O_RDONLY | O_DIRECTORY)
            close(folder)
            folder = next
        }
        defer { close(folder) }
        let file = openat(folder, "leaf", O_WRONLY | O_CREAT, 0o644)
        defer { close(file) }
        let bytes = [UInt8](repeating: 1, count: Self.leaf)
        try #require(bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count)
    }

    private func use(of names: [String] = ["."], until limit: DiskLimit = FolderUseTests.anything) -> FolderUse {
        FolderUse.of(names.map { "\(directory.path)/\($0)" }, until: limit)
    }

    @Test func `files, folders and links of all folders count together, and no link is followed`() throws {
        let outside = try TemporaryDirectory("folder-use-outside")
        try Data(repeating: 1, count: 4 << 20).write(to: URL(fileURLWithPath: outside.path("large")))
        try write("one/file")
        try write("two/deeper/file")
        symlink(outside.path, directory.path("two/elsewhere"))
        symlink(outside.path, directory.path("three"))

        let use = use(of: ["one", "two", "three", "missing"])

        // The file of the first; the folder, its file and the link of the second.
        #expect(use.entries == 4)
        #expect((2 * Self.mebibyte..<2 * Self.mebibyte + Self.slack).contains(use.bytes), "\(use.bytes)")
        #expect(use.excess(over: DiskLimit(bytes: use.bytes, entries: 4)) == nil)
        #expect(use.excess(over: DiskLimit(bytes: use.bytes - 1, entries: 4)) == .bytes)
        #expect(use.excess(over: DiskLimit(bytes: use.bytes, entries: 3)) == .entries)
    }

    @Test func `a file with several names takes its bytes once, and each name counts`() throws {
        try write("file")
        for name in ["second", "third"] {
            try FileManager.default.linkItem(atPath: directory.path("file"), toPath: directory.path(name))
        }
        let use = use()
        #expect(use.entries == 3)
        #expect((Self.mebibyte..<Self.mebibyte + Self.slack).contains(use.bytes), "\(use.bytes)")
    }

    @Test func `it is looked no further than until a limit is exceeded`() throws {
        for number in 0..<30 { try Data().write(to: URL(fileURLWithPath: directory.path("\(number)"))) }
        #expect(use(until: DiskLimit(bytes: .max, entries: 10)).entries == 11)
        #expect(use().entries == 30)
    }

    @Test(arguments: [(255, nil), (256, .depth), (300, .depth)] as [(Int, FolderUse.Excess?)])
    func `what lies below more folders than are looked into is too much, whatever is allowed`(
        _ depth: Int, _ excess: FolderUse.Excess?
    ) throws {
        try nest(depth)
        let use = use()
        #expect(use.excess(over: Self.anything) == excess)
        #expect((use.bytes >= Self.leaf) == (excess == nil), "the file is seen when nothing is said")
    }

    @Test func `a file without a name counts while a process has it open`() throws {
        let path = directory.path("unnamed")
        let file = open(path, O_WRONLY | O_CREAT, 0o644)
        let bytes = [UInt8](repeating: 1, count: Self.mebibyte)
        try #require(bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count)
        unlink(path)

        var use = use()
        #expect(use.bytes == 0)
        use.addUnnamedFiles(of: [], besides: directory.path)
        #expect(use.bytes == 0)
        let isWhole = use.addUnnamedFiles(of: [getpid()], besides: directory.path)
        #expect(isWhole && use.bytes >= Self.mebibyte)
        let isFirstAll = use.addUnnamedFiles(of: [getpid()], besides: directory.path, atMost: 1)
        #expect(!isFirstAll)
        close(file)
    }
}
