import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension Isolation {
    /// Attack 9: what a repository or its build puts in the place of a plain file is neither followed nor run.
    @Suite struct CheckoutAttacks {
        @Test(arguments: ["/etc/passwd", "../../neighbour", "/proc/self/environ", "../../../secrets/store.key"])
        func `attack 9: a committed link out of the repository fails the deploy and is named`(
            target: String
        ) async throws {
            let project = try await Self.site()
            try await project.runInFolder("ln", "-s", target, "leak.txt")
            try await project.commit("leak")
            let push = try await project.push()
            #expect(push.status != 0)
            #expect(push.errorText.contains(#"the symbolic link "leak.txt" leads out of the repository"#))
            #expect(try await project.get("/leak.txt").status == 404)
        }

        @Test func `attack 9: a tree with a link and a folder of one name does not come in`() async throws {
            let project = try await Self.site()
            try await project.commit("base")
            let file = try await project.git("rev-parse", "HEAD:index.html")
            let folder = try await project.object(["git", "mktree"], "100644 blob \(file)\tpasswd\n")
            let link = try await project.object(["git", "hash-object", "-w", "--stdin"], "/etc")
            let entries = "120000 blob \(link)\td\n040000 tree \(folder)\td\n100644 blob \(file)\tindex.html\n"
            let tree = try await project.object(["git", "mktree"], entries)
            let commit = try await project.git("commit-tree", tree, "-p", "HEAD", "-m", "link, then folder")
            let push = try await project.push("\(commit):refs/heads/master")
            #expect(push.status != 0)
            #expect(push.errorText.contains("duplicateEntries"), "\(push.errorText)")
        }

        @Test func `attack 9: links, hard links, pipes and devices that a build makes are not followed`() async throws {
            let project = try await Self.site()
            try project.write(
                "install.sh",
                """
                mkdir -p public folder && cp index.html public/
                ln -s /etc/passwd public/passwd
                ln -s ../../../../../etc public/etc
                ln -s . public/again
                mkfifo public/pipe
                mknod public/device c 1 3 || echo no device
                ln /etc/passwd public/hard || echo no hard link
                ln /usr/bin/env public/env || echo no hard link
                rm -r folder && ln -s /etc folder

                """)
            try await project.commit("made while building")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(push.errorText.contains("no device"))
            #expect(push.errorText.components(separatedBy: "no hard link").count == 3, "\(push.errorText)")
            #expect(try await project.get().text == "shown")
            for path in ["/passwd", "/etc/passwd", "/pipe", "/device", "/hard", "/env", "/folder/passwd"] {
                #expect(try await project.get(path).status == 404, "\(path)")
            }
        }

        @Test func `attack 9: attributes, settings and hooks of a repository do nothing on the server`() async throws {
            let project = try await Self.site()
            let trace = "/tmp/berth-trace-\(UUID().uuidString)"
            let program = "#!/bin/sh\ntouch \(trace)\n"
            for path in [
                "hooks/pre-receive", "hooks/post-receive", "hooks/post-checkout", ".githooks/post-checkout",
                "hooks/pre-deploy.d/evil", "filter.sh",
            ] {
                try project.write(path, program)
                try await project.runInFolder("chmod", "755", path)
            }
            try project.write(
                ".gitconfig", "[core]\n\thooksPath = .githooks\n[filter \"evil\"]\n\tsmudge = ./filter.sh\n")
            let attributes = "filter=evil diff=evil ident text eol=crlf working-tree-encoding=UTF-16 export-subst"
            try project.write(".gitattributes", "*.txt \(attributes)\n")
            // The bytes of a commit are what is served: made without this working copy's own conversion.
            let text = "$Id$ $Format:%H$\nline\n"
            try await project.runInFolder("git", "config", "core.attributesFile", "/dev/null")
            try project.write("index.html", "shown")
            try await project.commit("all but the text")
            let blob = try await project.object(["git", "hash-object", "-w", "--stdin", "--no-filters"], text)
            try await project.git("update-index", "--add", "--cacheinfo", "100644,\(blob),data.txt")
            try await project.git("commit", "--quiet", "--message", "text")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(try await project.get("/data.txt").text == text)
            #expect(!FileManager.default.fileExists(atPath: trace))
        }

        @Test func `attack 9: names that differ in case only are two files`() async throws {
            let project = try await Self.site()
            try project.write("Readme.txt", "upper")
            try project.write("readme.txt", "lower")
            try await project.commit("two names")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(try await project.get("/Readme.txt").text == "upper")
            #expect(try await project.get("/readme.txt").text == "lower")
        }

        struct Inflation: Sendable, CustomTestStringConvertible {
            let template: String
            let names: Int
            /// MiB of zeros in each of them.
            let size: Int

            var testDescription: String { "\(template), \(names) of \(size) MiB" }
        }

        @Test(arguments: [
            Inflation(template: "static", names: 8, size: 25), Inflation(template: "static", names: 1, size: 60),
            Inflation(template: "node", names: 8, size: 25),
        ])
        func `attack 11: a small commit of large files is refused with the limit and its setting, and leaves nothing`(
            inflation: Inflation
        ) async throws {
            let project = try await Self.project(inflation.template)
            let before = try project.storedFiles()
            if inflation.template == "node" { try project.write("package.json", NodeApp.package) }
            try project.write("index.html", "shown")
            try project.write("zeros0", Data(count: inflation.size << 20))
            try await project.git("add", "--all")
            let blob = try await project.git("rev-parse", ":zeros0")
            for number in 1..<inflation.names {
                try await project.git("update-index", "--add", "--cacheinfo", "100644,\(blob),zeros\(number)")
            }
            try await project.git("commit", "--quiet", "--message", "zeros")

            let push = try await project.push()

            #expect(push.status != 0)
            let reason = "the commit's files come to more than 48 MiB, which is what a release may have"
            #expect(
                push.errorText.contains("deploy of prod failed: \(reason)"), "\(push.errorText.suffix(1500))")
            #expect(push.errorText.contains("(--release-size)"))
            #expect(try project.storedFiles() == before)
            #expect(try await project.get("/zeros0").status == 404)
        }

        private static func site() async throws -> Project {
            let project = try await project("static")
            try project.write("index.html", "shown")
            return project
        }

        private static func project(_ template: String) async throws -> Project {
            let stage = try Stage.get()
            let name = "site-\(UUID().uuidString.prefix(8).lowercased())"
            return try await Project(name, template: template, on: stage.attacker.platform)
        }
    }
}

extension Project {
    /// Files of all releases, shared ones too.
    fileprivate func storedFiles() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(berthd.data)/releases").sorted()
    }

    /// Runs a command of git's that makes an object out of its input; the object's name.
    fileprivate func object(_ command: [String], _ input: String) async throws -> String {
        let file = "/tmp/berth-object-\(UUID().uuidString)"
        try Data(input.utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let line = #"exec "$@" <"$0""#
        let folder = try await git("rev-parse", "--show-toplevel")
        let result = try await run(["sh", "-c", line, file] + command, directory: folder)
        guard result.status == 0 else { throw HTTPFailure(description: "\(command): \(result.errorText)") }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
