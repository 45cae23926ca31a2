import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// A server that somebody else runs, in a private network.
    @Suite struct DatabasesElsewhere {
        @Test
        func `apps reach a Postgres in a private network, while they build and while they run, and nothing else there`()
            async throws
        {
            let foreign = try await ForeignPostgres.start()
            do {
                try await Self.story(foreign)
            } catch {
                try? await foreign.stop()
                throw error
            }
            try await foreign.stop()
        }

        private static func story(_ foreign: ForeignPostgres) async throws {
            let berthd = try Berthd(environment: ["BERTH_POSTGRES_URL": foreign.url])
            do {
                try await berthd.start()
                let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                let project = try await Project("elsewhere", template: "node", on: platform)
                try project.write(
                    "install.sh",
                    """
                    set -e
                    psql "$DATABASE_URL" -q -v ON_ERROR_STOP=1 -c 'CREATE TABLE visit (name text)' -c "INSERT INTO visit VALUES ('built')"
                    ! curl --silent --max-time 2 http://\(foreign.address):\(ForeignPostgres.otherPort)/
                    """)
                try await project.commitNode("one")
                try await project.deploy()
                let environment = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
                #expect(environment["DATABASE_HOST"] == foreign.address)
                #expect(try await project.sql("INSERT INTO visit VALUES ('ran')").status == 200)
                #expect(try await project.sql("SELECT string_agg(name, ' ') FROM visit").text == "built ran\n")

                let path = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/postgres"
                let figures = try await platform.call("GET", path)
                #expect(figures.status == 200, "\(figures.text)")
                let dump = try await platform.call("GET", path + "/dump")
                #expect(dump.status == 200 && dump.text.contains("built") && dump.text.contains("ran"))
                // A restart finds it all again.
                #expect(try await berthd.terminate() == 0)
                try await berthd.start()
                #expect(try await project.sql("SELECT count(*) FROM visit").text == "2\n")
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }
    }
}

extension Project {
    /// What psql says inside the instance.
    fileprivate func sql(_ statement: String) async throws -> HTTPAnswer {
        try await berthd.request(
            "POST", host: app.channels[0].hostname, path: "/sql", headers: [], body: Data(statement.utf8))
    }
}
