import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct Maintenance {
        @Test func `berthd gc has the running server put the packs together`() async throws {
            let project = try await Project("tidy", template: "static")
            for number in 0..<6 {
                try project.write("index.html", "version \(number)")
                try await project.commit("c\(number)")
                let push = try await project.push(number == 0 ? "HEAD:refs/heads/master" : "HEAD:refs/heads/work")
                #expect(push.status == 0, "\(push.errorText)")
            }
            let repository = "\(project.berthd.data)/repos/\(project.app.id).git"
            let packs = "\(repository)/objects/pack"
            func count() throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: packs).filter { $0.hasSuffix(".pack") }.count
            }
            #expect(try count() == 6)

            let berthd = project.berthd
            let told = try await run(
                [TestEnvironment.program("berthd"), "gc", "--data", berthd.data], directory: berthd.folder)

            #expect(told.status == 0, "\(told.errorText)")
            #expect(told.output.contains("the running server (process \(project.berthd.processID ?? 0)) has begun"))
            // The old packs stay for a minute, for those who read them now.
            try await eventually("all is in a seventh pack") { try count() == 7 }
            try await eventually("it is written down") {
                FileManager.default.fileExists(atPath: "\(repository)/objects/info/berth-maintained")
            }
            try await GitCommand(folder: repository)("fsck", "--strict", "--full")
            #expect(try await project.git("ls-remote", "origin", "refs/heads/work").hasSuffix("refs/heads/work"))
        }
    }
}
