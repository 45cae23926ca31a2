import Core
import TestSupport
import Testing

@testable import Builder

struct PlanDescriptionTests {
    @Test func aPlanOfAProgramSaysStepsStartAndReadiness() async throws {
        let fixture = try BuildFixture()
        let commit = try fixture.repository.commit([
            "package.json": .text(
                #"{"scripts":{"build":"echo it's built","start":"node a.js"},"engines":{"node":">=18"}}"#)
        ])
        let lines = try await fixture.builder.describePlan(fixture.request(commit, template: "node"), log: fixture.log)
        #expect(
            lines == [
                "step npm run build: npm run build, at most 600 s",
                "version: node >=18, says package.json (engines.node)",
                "cache: /cache/npm, up to 512 MiB",
                "start: /bin/bash -c 'node a.js'",
                "ready: when GET / on port 8080 answers with a status below 500, within 60 s; the port is in PORT",
            ])
        #expect(fixture.runner.tasks.isEmpty && fixture.leftovers() == [])
    }

    @Test func aPlanOfASiteSaysWhatIsPublished() async throws {
        let fixture = try BuildFixture()
        let commit = try fixture.repository.commit([
            "berth.yaml": .text("root: www\noutput: dist\n"), "www/install.sh": .text("true"),
        ])
        let lines = try await fixture.builder.describePlan(fixture.request(commit), log: fixture.log)
        #expect(
            lines == [
                "step install.sh: /bin/sh install.sh in www/, at most 600 s",
                "publish in www/: the first that has index.html of dist/",
            ])
    }

    @Test func aPlanThatWaitsForAConnectionSaysSo() async throws {
        let fixture = try BuildFixture()
        let commit = try fixture.repository.commit([
            "berth.yaml": .text("health: {check: tcp, seconds: 20}\n"), "app.py": .text(""),
        ])
        let lines = try await fixture.builder.describePlan(
            fixture.request(commit, template: "python"), log: fixture.log)
        #expect(
            lines == [
                "no steps", "start: python3 app.py",
                "ready: when port 8080 accepts connections, within 20 s; the port is in PORT",
            ])
    }

    @Test func argumentsAreShownAsOneWouldTypeThem() {
        #expect(
            PlanDescription.shown(["a", "", "b c", "it's", "--x=1:2,3", "$PORT"])
                == #"a '' 'b c' 'it'\''s' --x=1:2,3 '$PORT'"#)
    }
}
