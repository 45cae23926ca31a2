import Foundation
import TestSupport
import Testing

@testable import Builder

struct TemplateCheckTests {
    private static func builtIn() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: BuildFixture.templates).sorted().filter {
            FileManager.default.fileExists(atPath: "\(BuildFixture.templates)/\($0)/template.yaml")
        }
    }

    @Test func theBuiltInTemplatesAreFound() throws {
        #expect(Set(try Self.builtIn()).isSuperset(of: ["node", "static"]))
    }

    @Test(arguments: try builtIn())
    func aBuiltInTemplateHasNoProblemsAndItsExampleComesToTheExpectedPlan(_ name: String) {
        #expect(TemplateCheck(directory: "\(BuildFixture.templates)/\(name)").problems() == [])
    }

    @Test(arguments: try builtIn())
    func theTextOfAPlanIsReadBackAsThePlan(_ name: String) throws {
        let text = try TemplateCheck(directory: "\(BuildFixture.templates)/\(name)").examplePlan()
        let plan = try JSONDecoder().decode(BuildPlan.self, from: Data(text.utf8))
        #expect(try plan.text() == text)
    }

    private func copyOfStatic() throws -> (TemporaryDirectory, String) {
        let directory = try TemporaryDirectory()
        let path = directory.path("static")
        try FileManager.default.copyItem(atPath: "\(BuildFixture.templates)/static", toPath: path)
        return (directory, path)
    }

    @Test func aPlanThatIsOutOfDateIsToldWithTheNewOne() throws {
        let (directory, path) = try copyOfStatic()
        try FileManager.default.removeItem(atPath: "\(path)/example/install.sh")
        let check = TemplateCheck(directory: path)
        let plan = try check.examplePlan()
        let problems = check.problems()
        #expect(problems.map(\.file) == ["\(path)/expected-plan.json"])
        #expect(problems.first?.message == "is not what example/ comes to, which is:\n\(plan)")
        withExtendedLifetime(directory) {}
    }

    @Test func whatATemplateLacksIsTold() throws {
        let (directory, path) = try copyOfStatic()
        try FileManager.default.removeItem(atPath: "\(path)/README.md")
        try FileManager.default.removeItem(atPath: "\(path)/expected-plan.json")
        #expect(
            TemplateCheck(directory: path).problems().map(\.file) == [
                "\(path)/README.md", "\(path)/expected-plan.json",
            ])
        try FileManager.default.removeItem(atPath: "\(path)/example")
        #expect(TemplateCheck(directory: path).problems().last?.description == "\(path)/example: cannot be read")
        withExtendedLifetime(directory) {}
    }

    @Test func anExampleThatDetectDoesNotFitIsTold() throws {
        let (directory, path) = try copyOfStatic()
        try FileManager.default.removeItem(atPath: "\(path)/example/index.html")
        #expect(
            TemplateCheck(directory: path).problems().last?.description == "\(path)/example: detect does not fit it")
        withExtendedLifetime(directory) {}
    }
}
