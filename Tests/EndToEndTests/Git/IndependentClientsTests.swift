import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// Clients that share no code with git: what they make of the server's answers is their own reading of the protocol.
    @Suite struct IndependentClients {
        /// Clones, adds a commit and a branch, pushes both, deletes the branch, fetches what somebody else has pushed.
        private static let dulwich = """
            import sys, os, subprocess
            from dulwich import porcelain
            url, user, token, folder = sys.argv[1:5]
            login = {"username": user, "password": token}
            quiet = {"errstream": open(os.devnull, "wb")}
            repo = porcelain.clone(url, folder, branch=b"main", **login, **quiet)
            open(os.path.join(folder, "client.txt"), "w").write("dulwich")
            porcelain.add(repo, [os.path.join(folder, "client.txt")])
            commit = porcelain.commit(repo, b"by dulwich", author=b"D <d@example.org>", committer=b"D <d@example.org>")
            porcelain.push(repo, url, b"refs/heads/main:refs/heads/extra", **login, **quiet)
            porcelain.push(repo, url, b"refs/heads/main:refs/heads/gone", **login, **quiet)
            porcelain.push(repo, url, b":refs/heads/gone", **login, **quiet)
            print(commit.decode())
            sys.stdout.flush()
            sys.stdin.readline()
            result = porcelain.fetch(repo, url, **login, **quiet)
            print(result.refs[b"refs/heads/extra"].decode())
            assert result.refs[b"refs/heads/extra"] in repo
            shallow = porcelain.clone(url, folder + "-shallow", branch=b"main", depth=1, **login, **quiet)
            assert len(list(shallow.get_walker())) == 1
            """

        private static let pygit2 = """
            import sys, os, pygit2
            url, user, token, folder = sys.argv[1:5]
            callbacks = pygit2.RemoteCallbacks(credentials=pygit2.UserPass(user, token))
            repo = pygit2.clone_repository(url, folder, checkout_branch="main", callbacks=callbacks)
            open(os.path.join(folder, "client.txt"), "w").write("pygit2")
            repo.index.add("client.txt")
            repo.index.write()
            who = pygit2.Signature("P", "p@example.org")
            commit = repo.create_commit(
                "refs/heads/main", who, who, "by pygit2", repo.index.write_tree(), [repo.head.target])
            remote = repo.remotes["origin"]
            for spec in ("refs/heads/main:refs/heads/extra", "refs/heads/main:refs/heads/gone", ":refs/heads/gone"):
                remote.push([spec], callbacks=callbacks)
            print(commit)
            sys.stdout.flush()
            sys.stdin.readline()
            remote.fetch(callbacks=callbacks)
            print(repo.references["refs/remotes/origin/extra"].target)
            """

        @Test(arguments: ["dulwich", "pygit2"])
        func `another client clones, pushes, deletes and fetches`(client: String) async throws {
            let project = try await Project("client-\(client)", template: "static")
            for number in 0..<12 {
                try project.write("index.html", "version \(number)")
                try project.write("folder/\(number % 4)/page.html", String(repeating: "line \(number)\n", count: 40))
                try await project.commit("c\(number)")
            }
            let push = try await project.push("HEAD:refs/heads/main")
            #expect(push.status == 0, "\(push.errorText)")

            let folder = try TemporaryDirectory("berth-client")
            let url = "http://git.localhost:\(project.berthd.port)/admin/client-\(client).git"
            // git and curl know what *.localhost is; the C library does not, so these clients get hosts of their own.
            let hosts = folder.path("hosts")
            try Data("127.0.0.1 localhost git.localhost\n".utf8).write(to: URL(fileURLWithPath: hosts))
            let process = try ChildProcess(
                [
                    "/usr/bin/unshare", "--mount", "sh", "-c",
                    #"mount --bind "$0" /etc/hosts && exec /usr/bin/python3 "$@""#, hosts,
                    "-c", client == "dulwich" ? Self.dulwich : Self.pygit2, url, "admin", try project.berthd.token(),
                    folder.path("copy"),
                ],
                environment: ["HOME": folder.path, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], input: .pipe,
                output: .pipe)
            let (input, output) = (try #require(process.input), try #require(process.output))
            // The client says what it pushed; then somebody else builds on it.
            let first = try #require(try Self.line(output), "it said nothing")
            let refs = try await project.remoteRefs()
            #expect(refs["refs/heads/extra"] == first)
            #expect(refs["refs/heads/gone"] == nil)
            try await project.git("fetch", "--quiet", "origin", "extra")
            try await project.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
            #expect(try await project.git("show", "HEAD:client.txt") == client)
            try project.write("more.txt", "more")
            let second = try await project.commit("more")
            let again = try await project.push("HEAD:refs/heads/extra")
            #expect(again.status == 0, "\(again.errorText)")
            try input.write(contentsOf: Data("go\n".utf8))
            try input.close()
            let rest = String(decoding: output.readDataToEndOfFile(), as: UTF8.self)
            #expect(await process.end() == 0, "\(rest)")
            #expect(rest.contains(second), "\(rest)")
            for repository in try FileManager.default.contentsOfDirectory(atPath: "\(project.berthd.data)/repos") {
                let stored = GitCommand(folder: "\(project.berthd.data)/repos/\(repository)")
                try await stored("fsck", "--strict", "--full")
            }
        }

        private static func line(_ pipe: FileHandle) throws -> String? {
            var bytes = Data()
            while let byte = try pipe.read(upToCount: 1), !byte.isEmpty {
                if byte == Data("\n".utf8) { return String(decoding: bytes, as: UTF8.self) }
                bytes += byte
            }
            return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        }
    }
}
