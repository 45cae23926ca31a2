import Foundation
import Synchronization

/// Constant load on one site: connections that are kept open, and new ones for each request.
package final class LoadGenerator: Sendable {
    package struct Report: Sendable {
        package var requests = 0
        /// What went wrong, the first hundred in full.
        package var failures: [String] = []
        /// Every body that was seen.
        package var bodies: Set<String> = []
    }

    private let stopped = Mutex(false)
    private let running = Mutex(0)
    private let report = Mutex(Report())

    /// Starts `threads` clients, every second one with connections that are kept open.
    package init(port: Int, host: String, path: String = "/", threads: Int = 4) {
        running.withLock { $0 = threads }
        for number in 0..<threads {
            Thread { [self] in
                send(port: port, host: host, path: path, keepAlive: number.isMultiple(of: 2))
                running.withLock { $0 -= 1 }
            }.start()
        }
    }

    package var requests: Int { report.withLock { $0.requests } }

    package func stop() async throws -> Report {
        stopped.withLock { $0 = true }
        try await eventually("the load has ended", within: .seconds(60)) { running.withLock { $0 } == 0 }
        return report.withLock { $0 }
    }

    private func send(port: Int, host: String, path: String, keepAlive: Bool) {
        var connection: HTTPConnection?
        let headers = keepAlive ? [] : [("Connection", "close")]
        while !stopped.withLock({ $0 }) {
            do {
                let open = try connection ?? HTTPConnection(port: port)
                let answer = try open.request(host: host, path: path, headers: headers)
                let closes = answer.headers["connection"]?.lowercased() == "close"
                connection = keepAlive && !closes ? open : nil
                record(
                    answer.text, failure: answer.status == 200 ? nil : "\(answer.status): \(answer.text.prefix(200))")
            } catch {
                connection = nil
                record(nil, failure: "\(error)\(keepAlive ? " on a kept connection" : "")")
            }
            // The load shares two processors with what it is to disturb.
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    private func record(_ body: String?, failure: String?) {
        report.withLock { report in
            report.requests += 1
            if let failure {
                if report.failures.count < 100 { report.failures.append(failure) }
            } else if let body {
                report.bodies.insert(body)
            }
        }
    }
}
