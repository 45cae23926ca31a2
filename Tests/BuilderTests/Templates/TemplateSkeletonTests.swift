import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

struct TemplateSkeletonTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("skeleton-test") }

    @Test(arguments: ["deno", "a", "7", "null", "true", "0x1f", String(repeating: "x", count: 40)])
    func aNewTemplateHasNoProblems(_ name: String) throws {
        let skeleton = try TemplateSkeleton(name: name, in: directory.path)
        let files = try skeleton.write()
        #expect(skeleton.directory == directory.path(name))
        #expect(TemplateCheck(directory: skeleton.directory).problems() == [])
        #expect(
            files == ["template.yaml", "README.md", "example/server.py", "example/build.sh", "expected-plan.json"])
        let text = try String(contentsOfFile: "\(skeleton.directory)/expected-plan.json", encoding: .utf8)
        let plan = try JSONDecoder().decode(BuildPlan.self, from: Data(text.utf8))
        #expect(plan.template == name && plan.steps.map(\.name) == ["build.sh"])
        #expect(plan.run.command == ["python3", "server.py"])
    }

    @Test(arguments: ["", "Deno", "de_no", "-deno", "deno-", "de/no", "..", String(repeating: "x", count: 41)])
    func aNameThatNoManifestMayHaveIsRefused(_ name: String) throws {
        let error = #expect(throws: PlatformError.self) { try TemplateSkeleton(name: name, in: directory.path) }
        #expect(error?.code == .invalid)
        #expect(error?.message.hasPrefix("name must be 1 to 40 lowercase letters, digits and hyphens") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test func whatIsThereAlreadyIsRefusedAndStaysAsItIs() throws {
        let skeleton = try TemplateSkeleton(name: "deno", in: directory.path)
        try FileManager.default.createDirectory(atPath: skeleton.directory, withIntermediateDirectories: false)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(skeleton.directory)/template.yaml"))
        let error = #expect(throws: PlatformError.self) { try skeleton.write() }
        #expect(error == PlatformError(.conflict, "\(skeleton.directory) exists already"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: skeleton.directory) == ["template.yaml"])
        #expect(try String(contentsOfFile: "\(skeleton.directory)/template.yaml", encoding: .utf8) == "mine")
    }

    @Test func aFolderThatIsNotThereIsNotMade() throws {
        let error = #expect(throws: PlatformError.self) {
            try TemplateSkeleton(name: "deno", in: directory.path("nowhere")).write()
        }
        #expect(error?.code == .invalid)
        #expect(error?.message.hasSuffix("the folder that it is to be in does not exist") == true)
    }

    @Test func theFolderIsNamedFromWhereOneIs() throws {
        #expect(try TemplateSkeleton(name: "deno", in: ".").directory == "deno")
        #expect(try TemplateSkeleton(name: "deno", in: "templates/").directory == "templates/deno")
        #expect(try TemplateSkeleton(name: "deno", in: "/").directory == "/deno")
    }
}
