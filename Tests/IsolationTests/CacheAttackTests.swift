import ServerTestSupport
import Testing

extension Isolation {
    /// Attack 13: what one app's build leaves in its packages and its caches is not what another app gets.
    @Suite struct CacheAttacks {
        @Test func `attack 13: packages and caches that a build has poisoned stay with its app`() async throws {
            let stage = try Stage.get()
            let attacker = try await Project("poisoner", template: "node", on: stage.attacker.platform)
            try await Self.write(
                to: attacker,
                install: """
                    cat /cache/npm/left 2>&-
                    echo 'left by the poisoner' > /cache/npm/left
                    chmod -R u+w node_modules
                    rm -rf node_modules/greeting && mkdir node_modules/greeting
                    echo "module.exports = 'poisoned';" > node_modules/greeting/index.js
                    echo tried everything

                    """)
            try await attacker.commit("poison")
            for round in 1...2 {
                let push = try await attacker.pushAgain()
                #expect(push.status == 0, "\(push.errorText)")
                #expect(push.errorText.contains("tried everything"))
                // Its own next build finds what it has left: it was there to be found.
                #expect(push.errorText.contains("left by the poisoner") == (round == 2), "\(push.errorText)")
            }

            // The same lock file: another user's app, and the same user's.
            for platform in [stage.neighbour.platform, stage.attacker.platform] {
                let project = try await Project("poisoned", template: "node", on: platform)
                try await Self.write(to: project, install: "cat /cache/npm/left; ls /cache\n")
                try await project.commit("clean")
                let push = try await project.push()
                #expect(push.status == 0, "\(push.errorText)")
                #expect(!push.errorText.contains("left by the poisoner"), "\(push.errorText)")
                #expect(try await project.get().text == "clean")
            }
        }

        /// An app with one packed package in its lock file, and what is run after that was installed.
        private static func write(to project: Project, install: String) async throws {
            try project.write(
                "package.json",
                """
                {"name":"app","version":"1.0.0","dependencies":{"greeting":"file:greeting-1.0.0.tgz"},
                 "scripts":{"start":"node server.js"}}
                """)
            try project.write(
                "package-lock.json",
                """
                {"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
                 "":{"name":"app","version":"1.0.0","dependencies":{"greeting":"file:greeting-1.0.0.tgz"}},
                 "node_modules/greeting":{"version":"1.0.0","resolved":"file:greeting-1.0.0.tgz"}}}
                """)
            try project.write("package/package.json", #"{"name":"greeting","version":"1.0.0","main":"index.js"}"#)
            try project.write("package/index.js", "module.exports = 'clean';")
            try await project.runInFolder("tar", "--create", "--gzip", "--file=greeting-1.0.0.tgz", "package")
            try project.write(
                "server.js",
                """
                const greeting = require('greeting');
                require('http').createServer((request, response) => response.end(greeting)).listen(process.env.PORT);
                """)
            try project.write("install.sh", install)
        }
    }
}
