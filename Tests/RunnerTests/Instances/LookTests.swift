import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// What is seen of an instance that runs: whether it is sound, and what it writes.
    @Suite struct LookTests {
        // MARK: - Faults

        /// Does what its path says.
        private static let spoiled = """
            let status = 200;
            setInterval(() => {}, 1000);
            const server = require('http').createServer((request, response) => {
                if (request.url === '/exit') process.exit(3);
                if (request.url === '/spoil') status = 503;
                if (request.url === '/close') server.close();
                response.statusCode = status;
                response.end('done');
            }).listen(process.env.PORT);
            """

        @Test(
            arguments: [
                ("/exit", "the app exited with status 3"), ("/spoil", "the app answered with status 503"),
                ("/close", "the app does not answer on port 8080: connection refused"),
            ])
        func `an instance that is not sound any more is told of, with what is wrong`(
            path: String, fault: String
        ) async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.spoiled)
                #expect(await fixture.runner.fault(of: endpoint.id) == nil)
                _ = await get(endpoint.host, endpoint.port, path)
                #expect(await eventually { await fixture.runner.fault(of: endpoint.id) == fault })
                await fixture.runner.stop(endpoint.id, grace: 0)
                #expect(await fixture.runner.fault(of: endpoint.id) == "it does not run")
            }
        }

        // MARK: - Output

        /// Prints lines, each unlike any other, at its start and at `/<count>`, and its last words when it is told to end;
        /// `/exit` makes it crash. `/app/lines` has the number of those at the start.
        private static let speaker = """
            const fs = require('fs');
            const life = process.hrtime.bigint();
            let number = 0;
            const say = (count) => {
                let text = '';
                for (let i = 0; i < count; i++) text += `${life} line ${number++} ${'x'.repeat(60)}\\n`;
                fs.writeSync(1, text);
            };
            process.on('SIGTERM', () => { fs.writeSync(1, 'last words'); process.exit(0); });
            for (let i = 0; i < 200; i++) say(+fs.readFileSync('/app/lines') / 200);
            require('http').createServer((request, response) => {
                if (request.url === '/exit') process.exit(3);
                say(+request.url.slice(1));
                response.end('' + number);
            }).listen(process.env.PORT);
            """

        /// The lines that a follower was given so far.
        private final class Followed: Sendable {
            private let state = Mutex<[String]>([])

            var lines: [String] { state.withLock { $0 } }
            func append(_ line: String) { state.withLock { $0.append(line) } }
        }

        /// Starts it, waits until so many lines stand in its log, and follows that.
        private static func follow(
            _ fixture: RunnerFixture, lines: Int, last: Int
        ) async throws -> (endpoint: InstanceEndpoint, followed: Followed, work: Task<Void, Never>) {
            try fixture.write("lines", "\(lines)")
            let endpoint = try await fixture.startNode(speaker)
            let end = "line \(lines - 1) "
            #expect(
                await eventually {
                    await fixture.runner.recentOutput(endpoint.id, lines: 1).last?.contains(end) == true
                })
            let followed = Followed()
            let work = Task {
                for await line in fixture.runner.follow(endpoint.id, last: last) { followed.append(line) }
            }
            #expect(await eventually { followed.lines.count == last })
            return (endpoint, followed, work)
        }

        @Test(.timeLimit(.minutes(2)), arguments: [200, 10_000])
        func `who follows an instance gets its last lines, then the new ones, and the end with it, nothing twice`(
            lines: Int
        ) async throws {
            // More than is left of a log when an instance has been stopped, and less.
            try await withRunner { fixture in
                let (endpoint, followed, work) = try await Self.follow(fixture, lines: lines, last: 3)
                #expect(await get(endpoint.host, endpoint.port, "/2") == "\(lines + 2)")
                #expect(await eventually { followed.lines.count == 5 })
                await fixture.runner.stop(endpoint.id, grace: nil)
                await work.value
                let seen = followed.lines
                try #require(seen.count == 6, "\(seen.count) lines")
                for (line, number) in zip(seen, lines - 3..<lines + 2) { #expect(line.contains(" line \(number) ")) }
                #expect(seen[5].contains("last words"))
                // What is there of an instance that is gone.
                let gone = Followed()
                for await line in fixture.runner.follow(endpoint.id, last: 1) { gone.append(line) }
                #expect(gone.lines.count == 1 && gone.lines[0].contains("last words"))
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `who follows an instance that crashes and is started again gets nothing twice`() async throws {
            try await withRunner { fixture in
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                let (endpoint, followed, work) = try await Self.follow(fixture, lines: 10_000, last: 3)
                try fixture.write("lines", "200")
                _ = await get(endpoint.host, endpoint.port, "/exit")
                #expect(await eventually { await get(endpoint.host, endpoint.port, "/0") == "200" })
                // The three, what the server says of the crash, and those of the second life.
                #expect(await eventually { followed.lines.count == 204 })
                await fixture.runner.stop(endpoint.id, grace: nil)
                await work.value
                let seen = followed.lines
                #expect(seen.count == 205 && Set(seen).count == 205)
                #expect(seen[3].contains("berth: the app exited with status 3"))
                for (number, line) in seen[4..<204].enumerated() { #expect(line.contains(" line \(number) ")) }
            }
        }
    }
}
