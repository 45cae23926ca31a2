import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

struct TemplateCatalogTests {
    private func install(_ name: String, in folder: String, _ more: String = "", as folderName: String? = nil) throws {
        let path = "\(folder)/\(folderName ?? name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let text = "schema: 1\nname: \(name)\ndescription: d\nrun: {kind: static}\n\(more)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/template.yaml"))
    }

    @Test func templatesAreInOrderThenByName() throws {
        let directory = try TemporaryDirectory()
        try install("b", in: directory.path, "order: 2\n")
        try install("a", in: directory.path, "order: 2\n")
        try install("z", in: directory.path, "order: 1\n")
        try FileManager.default.createDirectory(
            atPath: directory.path("no-template"), withIntermediateDirectories: true)
        #expect(try TemplateCatalog(builtIn: directory.path).names == ["z", "a", "b"])
    }

    @Test func theOperatorsTemplateReplacesTheBuiltInOne() throws {
        let directory = try TemporaryDirectory()
        try install("a", in: directory.path("built-in"))
        try install("b", in: directory.path("built-in"))
        try install("a", in: directory.path("own"), "order: 7\n")
        try install("c", in: directory.path("own"))
        let catalog = try TemplateCatalog(
            builtIn: directory.path("built-in"), operatorFolder: directory.path("own"))
        #expect(catalog.names == ["a", "b", "c"])
        #expect(catalog["a"]?.order == 7)
    }

    @Test func everyMistakeIsToldWithItsFile() throws {
        let directory = try TemporaryDirectory()
        try install("a", in: directory.path, "bulid: {}\n")
        try install("b", in: directory.path, as: "other")
        let error = #expect(throws: PlatformError.self) { try TemplateCatalog(builtIn: directory.path) }
        let lines = error?.message.split(separator: "\n") ?? []
        #expect(error?.code == .invalid)
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("\(directory.path)/a/template.yaml:5:1: unknown key \"bulid\"") == true)
        #expect(lines.last?.hasSuffix("name is \"b\" and the folder's is \"other\"; they must be the same") == true)
    }

    @Test func aFolderThatIsNotThereIsAnError() throws {
        #expect(throws: PlatformError.self) { try TemplateCatalog(builtIn: "/nonexistent") }
    }

    @Test(
        arguments: [
            (["package.json", "public/"], "node"), (["index.html"], "static"), (["public/"], "static"),
            (["README.md"], nil), (["Index.HTML"], nil), (["public"], nil),
        ] as [([String], String?)])
    func theRootTellsTheTemplate(_ entries: [String], _ expected: String?) throws {
        let view = CommitView(entries: entries, contents: [:])
        #expect(try TemplateCatalog(builtIn: BuildFixture.templates).detect(view)?.name == expected)
    }
}
