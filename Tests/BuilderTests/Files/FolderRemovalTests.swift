import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

struct FolderRemovalTests {
    @Test func whatIsNotThereIsFine() throws { try FolderRemoval.remove("/tmp/builder-test-nothing-here") }

    @Test func linksAreRemovedAndNotFollowed() throws {
        let directory = try TemporaryDirectory()
        let kept = directory.path("kept")
        try FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(kept)/file"))
        let folder = directory.path("gone")
        try FileManager.default.createDirectory(atPath: "\(folder)/a", withIntermediateDirectories: true)
        symlink(kept, "\(folder)/a/link")
        symlink("\(kept)/file", "\(folder)/file")
        try FolderRemoval.remove(folder)
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(FileManager.default.fileExists(atPath: "\(kept)/file"))
    }

    @Test func aLinkInPlaceOfTheFolderIsRefused() throws {
        let directory = try TemporaryDirectory()
        symlink("/tmp", directory.path("link"))
        #expect(throws: FileError.self) { try FolderRemoval.remove(directory.path("link")) }
    }

    @Test func foldersDeeperThanPathsReachAreRemoved() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("deep")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What is moved up meets names that are taken.
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/.moved-1"))
        try FileManager.default.createDirectory(atPath: "\(folder)/.moved-2/x", withIntermediateDirectories: true)
        DeepFolders.make(in: folder, depth: 300)
        try FolderRemoval.remove(folder)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func namesOfAllKindsAreRemoved() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("names")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let prefix = Array("\(folder)/".utf8).map { CChar(bitPattern: $0) }
        let names: [[CChar]] = [[-1, -2], [10], [0x2d, 0x72, 0x66], [CChar](repeating: 0x6e, count: 255)]
        for name in names { close(open(prefix + name + [0], O_CREAT | O_WRONLY, 0)) }
        mkfifo("\(folder)/fifo", 0o644)
        #expect(try FolderHandle(path: folder).entries().count == 5)
        try FolderRemoval.remove(folder)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func whatIsTakenAwayIsFoundByNobodyEvenWhenItsRemovalIsCutOff() throws {
        let directory = try TemporaryDirectory()
        let (folder, grave) = (directory.path("kept/folder"), directory.path("grave"))
        try FileManager.default.createDirectory(atPath: "\(folder)/a", withIntermediateDirectories: true)
        // Nobody removes a mount point, so this is as far as it gets.
        try #require(mount("tmpfs", "\(folder)/a", "tmpfs", 0, nil) == 0)
        #expect(throws: FileError.self) { try FolderRemoval.remove(folder, by: grave) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("kept")).isEmpty)
        let left = try FileManager.default.contentsOfDirectory(atPath: grave)
        #expect(left.count == 1)
        try #require(umount("\(grave)/\(left.first ?? "")/a") == 0)
        try FolderRemoval.sweep(grave)
        #expect(try FileManager.default.contentsOfDirectory(atPath: grave).isEmpty)
        try FolderRemoval.remove(folder, by: grave)
    }
}
