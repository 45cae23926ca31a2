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

        @Test func `all repositories are looked over again and again, and wholly put together when that is a week ago`()
            async throws
        {
            let berthd = try Berthd(options: ["--postgres", "off", "--maintenance-seconds", "1"])
            do {
                try await berthd.start()
                let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                let project = try await Project("weekly", template: "static", on: platform)
                for number in 0..<3 {
                    try project.write("index.html", "version \(number)")
                    try await project.commit("c\(number)")
                    try await project.deploy()
                }
                let stamp = "\(berthd.data)/repos/\(project.app.id).git/objects/info/berth-maintained"
                func age() -> TimeInterval? {
                    let date = try? FileManager.default.attributesOfItem(atPath: stamp)[.modificationDate] as? Date
                    return date.map { -$0.timeIntervalSinceNow }
                }
                try await eventually("a repository that never was put together is") { age() != nil }
                let lately = Date(timeIntervalSinceNow: -6 * 86_400)
                try FileManager.default.setAttributes([.modificationDate: lately], ofItemAtPath: stamp)
                // Another app's first round comes after the next look at this one.
                let other = try await Project("later", template: "static", on: platform)
                try other.write("index.html", "later")
                try await other.commit("one")
                try await other.deploy()
                let second = "\(berthd.data)/repos/\(other.app.id).git/objects/info/berth-maintained"
                try await eventually("the other is") { FileManager.default.fileExists(atPath: second) }
                try FileManager.default.removeItem(atPath: second)
                try await eventually("and once more") { FileManager.default.fileExists(atPath: second) }
                #expect((age() ?? 0) > 5 * 86_400)
                let longAgo = Date(timeIntervalSinceNow: -8 * 86_400)
                try FileManager.default.setAttributes([.modificationDate: longAgo], ofItemAtPath: stamp)
                try await eventually("it is again after a week") { (age() ?? .infinity) < 86_400 }
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }
    }
}
