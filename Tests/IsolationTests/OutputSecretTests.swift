import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// Attack 14, from an instance.
    @Suite struct OutputSecrets {
        /// Tells its secrets when it starts, which is in the deploy's log too, and whenever it is asked to.
        private static let server = """
            const { SECRET, DATABASE_PASSWORD, DATABASE_URL, PORT } = process.env;
            const tell = (when) => {
                console.log('plain ' + SECRET);
                console.error('base64 ' + Buffer.from(SECRET).toString('base64'));
                console.log('url ' + encodeURIComponent(SECRET));
                console.log('database ' + DATABASE_PASSWORD + ' ' + DATABASE_URL);
                // A line is cut after 8192 bytes.
                console.log('x'.repeat(8180) + SECRET + ' after');
                process.stdout.write('pieces ' + SECRET.slice(0, 15));
                setTimeout(() => console.log(SECRET.slice(15) + '\\ntold ' + when), 100);
            };
            const server = require('http').createServer((request, response) => {
                if (request.url === '/password') return response.end(DATABASE_PASSWORD);
                if (request.url === '/tell') tell('later');
                response.end('up');
            });
            tell('early');
            setTimeout(() => server.listen(PORT), 1000);

            """

        @Test func `attack 14: what an instance tells of its secrets is masked, read and followed, cut or in pieces`()
            async throws
        {
            let stage = try Stage.get()
            let secret = "s3cr3t/\(UUID().uuidString)?&="
            let project = try await Project("teller", template: "node", on: stage.attacker.platform)
            try await project.platform.setEnvironment("SECRET", secret, app: project.app.id)
            try project.write("package.json", NodeApp.package)
            try project.write("server.js", Self.server)
            try await project.commit("tell")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            let password = try await project.get("/password").text
            #expect(password.utf8.count >= 16)
            let folder = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/instances"
            let list = try await project.platform.call("GET", folder)
            let id = try #require(list.text.firstMatch(of: /"instance_id":"([0-9a-f-]{36})"/)).output.1
            let address = "\(folder)/\(id)"

            async let events = project.platform.call("GET", "\(address)/events?lines=1000")
            _ = try await project.get("/tell")
            try await eventually("the log has everything") {
                try await project.platform.call("GET", "\(address)/log?lines=1000").text.contains("told later")
            }
            let read = try await project.platform.call("GET", "\(address)/log?lines=1000").text
            // With the instance ends what follows it.
            let again = try await project.pushAgain()
            #expect(again.status == 0, "\(again.errorText)")
            let followed = try await events.text
            let stopped = try await project.platform.call("GET", "\(address)/log?lines=1000").text

            let log = try await project.lastLog()
            for text in [read, followed, stopped] {
                for line in [
                    "plain [hidden]", "base64 [hidden]", "url [hidden]", "database [hidden] [hidden]",
                    "x[hidden] … (line goes on)", "… [hidden] after", "pieces [hidden]", "told early", "told later",
                ] {
                    #expect(text.contains(line), "\(line)")
                }
            }
            let spellings = [
                secret, Data(secret.utf8).base64EncodedString(), password,
                try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics)),
            ]
            for text in [read, followed, stopped, log, push.errorText, again.errorText, stage.berthd.log] {
                for spelling in spellings { #expect(!Self.shows(spelling, in: text), "\(spelling)") }
            }
        }

        /// Whether eight characters of it stand together in the text.
        private static func shows(_ secret: String, in text: String) -> Bool {
            let characters = Array(secret)
            return (0...characters.count - 8).contains { text.contains(String(characters[$0..<($0 + 8)])) }
        }
    }
}
