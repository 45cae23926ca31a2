import Foundation
import TestSupport
import Testing

@testable import Builder

struct FolderSizesTests {
    @Test func aFileWithSeveralNamesCountsOnceAndLinksAreNotFollowed() throws {
        let directory = try TemporaryDirectory("sizes")
        let outside = try TemporaryDirectory("sizes-outside")
        let block = Data(repeating: 1, count: 1 << 20)
        try block.write(to: URL(fileURLWithPath: outside.path("large")))
        for folder in ["new", "old/deeper"] {
            try FileManager.default.createDirectory(atPath: directory.path(folder), withIntermediateDirectories: true)
        }
        try block.write(to: URL(fileURLWithPath: directory.path("new/shared")))
        try block.write(to: URL(fileURLWithPath: directory.path("old/deeper/own")))
        try FileManager.default.linkItem(atPath: directory.path("new/shared"), toPath: directory.path("old/shared"))
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("old/elsewhere"), withDestinationPath: outside.path)

        var sizes = FolderSizes()
        let (new, old) = (sizes.add(directory.path("new")), sizes.add(directory.path("old")))

        #expect((1 << 20..<(1 << 20) + (64 << 10)).contains(new), "\(new)")
        #expect((1 << 20..<(1 << 20) + (64 << 10)).contains(old), "\(old)")
        #expect(sizes.add(directory.path("missing")) == 0)
        #expect(sizes.isWhole)
    }

    @Test func onlySoManyEntriesAreLookedAtAndSoDeep() throws {
        let directory = try TemporaryDirectory("sizes")
        for number in 0..<5 { try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path("\(number)"))) }
        for (limit, isWhole) in [(5, true), (4, false), (0, false)] {
            var sizes = FolderSizes(limit: limit)
            _ = sizes.add(directory.path)
            #expect(sizes.isWhole == isWhole, "\(limit)")
        }
        let deep = directory.path(Array(repeating: "d", count: 300).joined(separator: "/"))
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        var sizes = FolderSizes()
        _ = sizes.add(directory.path)
        #expect(!sizes.isWhole)
    }
}
