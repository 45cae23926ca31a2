import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct StaticPush {
        @Test func `a pushed site is live with its content when git returns`() async throws {
            let project = try await Project("static-live", template: "static")
            try project.write("index.html", "<h1>hello</h1>\n")
            try project.write("css/site.css", "h1 { color: teal }\n")
            try project.write(".env", "SECRET=1\n")
            try project.write(".well-known/security.txt", "Contact: mailto:a@example.org\n")
            let sha = try await project.commit("first")

            let push = try await project.push()

            #expect(push.status == 0, "\(push.errorText)")
            let home = try await project.get()
            #expect(home.status == 200)
            #expect(home.text == "<h1>hello</h1>\n")
            #expect(home.headers["content-type"]?.hasPrefix("text/html") == true)
            #expect(try await project.get("/css/site.css").text == "h1 { color: teal }\n")
            #expect(try await project.get("/.well-known/security.txt").status == 200)
            for hidden in ["/.env", "/.git/HEAD", "/missing", "/../berth.sqlite", "/%2e%2e/berth.sqlite"] {
                let answer = try await project.get(hidden)
                #expect([400, 404].contains(answer.status), "\(hidden): \(answer.status)")
            }
            let prod = try await project.prod
            #expect(prod.current_sha == sha)
            #expect(prod.status == "running")
        }

        @Test func `the push ends with the address of the site and says what was done before`() async throws {
            let project = try await Project("static-log", template: "static")
            try project.write("index.html", "x")
            let sha = try await project.commit("first")

            let push = try await project.push()

            let remote = push.errors.map(\.text).filter { $0.hasPrefix("remote:") }
            let address = "http://\(project.hostname()):\(project.berthd.port)"
            #expect(remote.contains { $0.contains("git-sync: resolved") && $0.hasSuffix("-> \(sha.prefix(8))") })
            #expect(remote.contains { $0.hasSuffix("deploy complete") })
            #expect(remote.last?.contains(address) == true, "\(remote)")
            let log = try await project.lastLog()
            #expect(log.split(separator: "\n").allSatisfy { $0.contains(#/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] /#) })
            for line in log.split(separator: "\n") {
                #expect(remote.contains { $0.hasSuffix(line.drop { $0 != "]" }.dropFirst(2)) }, "\(line)")
            }
            let site = try await run(["curl", "--silent", "--show-error", "\(address)/"])
            #expect(site.output == "x", "\(site.errorText)")
        }

        @Test func `lines of the log arrive while the deploy runs`() async throws {
            let project = try await Project("static-lines", template: "static")
            try project.write("index.html", "x")
            try project.write("install.sh", "for i in 1 2 3; do echo step $i; sleep 0.7; done\n")
            try await project.commit("first")

            let push = try await project.push()

            #expect(push.status == 0, "\(push.errorText)")
            let first = try #require(push.errors.first { $0.text.hasSuffix("step 1") })
            let second = try #require(push.errors.first { $0.text.hasSuffix("step 2") })
            let third = try #require(push.errors.first { $0.text.hasSuffix("step 3") })
            #expect(second.time - first.time > .milliseconds(400))
            #expect(third.time - second.time > .milliseconds(400))
        }

        @Test func `install sh makes files of the site and is not published itself`() async throws {
            let project = try await Project("static-install", template: "static")
            try project.write(
                "install.sh", "mkdir public\necho \"built at $XHOST_SHA by $XHOST_USER\" > public/index.html\n")
            let sha = try await project.commit("first")

            try await project.deploy()

            #expect(try await project.get().text == "built at \(sha) by admin\n")
            #expect(try await project.get("/install.sh").status == 404)
        }

        @Test func `a second push writes only what changed`() async throws {
            let project = try await Project("static-links", template: "static")
            try project.write("index.html", "links one")
            try project.write("same.txt", "links same")
            try project.write("folder/same.txt", "links same too")
            try await project.commit("first")
            try await project.deploy()
            let before = try project.berthd.publishedFiles()

            try project.write("index.html", "links two")
            try await project.commit("second")
            try await project.deploy()

            let after = try project.berthd.publishedFiles()
            for text in ["links same", "links same too"] { #expect(before[text] != nil && after[text] == before[text]) }
            #expect(before["links two"] == nil && after["links two"]?.count == 1)
            #expect(try await project.get().text == "links two")
            #expect(try await project.get("/folder/same.txt").text == "links same too")
        }
    }
}

extension Berthd {
    /// What is on disk of releases, by its text: the inodes of the files that have it.
    fileprivate func publishedFiles() throws -> [String: Set<UInt64>] {
        let releases = URL(fileURLWithPath: "\(data)/releases", isDirectory: true)
        let entries = FileManager.default.enumerator(at: releases, includingPropertiesForKeys: nil)
        var found: [String: Set<UInt64>] = [:]
        while let entry = entries?.nextObject() as? URL {
            guard let content = try? String(contentsOf: entry, encoding: .utf8) else { continue }
            let attributes = try FileManager.default.attributesOfItem(atPath: entry.path)
            if let inode = attributes[.systemFileNumber] as? UInt64 { found[content, default: []].insert(inode) }
        }
        return found
    }
}
