import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Following {
        /// Says five lines three times, and waits after each time for a file of the test's.
        private static let script = """
            for part in 1 2 3; do
                for line in 1 2 3 4 5; do echo "part $part line $line"; done
                until [ -e "go-$part" ]; do sleep 0.05; done
                rm -f "go-$part"
            done
            """

        @Test(.timeLimit(.minutes(3)))
        func `who follows a deploy and is cut off misses no line and gets none twice`() async throws {
            let project = try await Project("cut-off", template: "static")
            let marker = "cut-off-\(UUID().uuidString)"
            try project.write("index.html", "live")
            try project.write(marker, "")
            try project.write("install.sh", Self.script)
            try await project.commit("one")
            let push = try project.startPush()
            defer { if !push.hasEnded { push.killGroup() } }
            try await eventually("the build runs") { push.errors.contains { $0.text.hasSuffix("part 1 line 5") } }
            let folder = try Self.buildFolder(with: marker, in: project.berthd)
            @Sendable func letGo(_ part: Int) throws {
                try Data().write(to: folder.appendingPathComponent("go-\(part)"))
            }
            let id = try #require(try await project.lastDeploy()["deploy_id"] as? String)
            let path = "/apps/\(project.app.id)/deploys/\(id)/events"

            let first = try await project.platform.follow(path) { $0.data.hasSuffix("part 1 line 3") }
            // The lines that came meanwhile, and those to come.
            let second = try await project.platform.follow(path, lastEventID: first.last?.id) { event in
                if event.data.hasSuffix("part 1 line 5") { try letGo(1) }
                return event.data.hasSuffix("part 2 line 4")
            }
            #expect(try await project.lastDeploy()["status"] as? String == "running")
            let last = try #require(second.last?.id)
            let third = try await project.platform.follow("\(path)?after=\(last)") { event in
                if event.data.hasSuffix("part 2 line 5") { try letGo(2) }
                if event.data.hasSuffix("part 3 line 5") { try letGo(3) }
                return false
            }

            let events = first + second + third
            let end = try #require(events.last)
            #expect(end.name == "end" && end.id == nil && end.data == #"{"status":"success","failure":null}"#)
            let lines = events.dropLast()
            #expect(lines.compactMap(\.id) == lines.indices.map { String($0 + 1) })
            let result = try await push.result()
            #expect(result.status == 0, "\(result.errorText)")
            let log = try await project.lastLog()
            #expect(lines.map(\.data) == log.split(separator: "\n").map(String.init))
            // The same once more, when all is over.
            let again = try await project.platform.follow(path) { _ in false }
            #expect(again == events)
        }

        /// Where the release is laid out whose commit has a file of this name.
        private static func buildFolder(with marker: String, in berthd: Berthd) throws -> URL {
            let releases = URL(fileURLWithPath: "\(berthd.data)/releases", isDirectory: true)
            let names = try FileManager.default.contentsOfDirectory(atPath: releases.path)
            let folders = names.map { releases.appendingPathComponent("\($0)/files", isDirectory: true) }
            return try #require(
                folders.first { FileManager.default.fileExists(atPath: $0.appendingPathComponent(marker).path) })
        }
    }
}
