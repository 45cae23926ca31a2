import Foundation
import TestSupport

/// git's own server, `git http-backend`, on the same repository: what it answers is what is to be answered.
struct GitHTTPBackend: Sendable {
    struct Answer: Equatable {
        let status: String
        let contentType: String
        let body: Data

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Offers what this server offers.
    private static let settings = [
        ("uploadpack.allowFilter", "true"), ("uploadpack.allowTipSHA1InWant", "true"),
        ("uploadpack.allowReachableSHA1InWant", "true"), ("receive.advertisePushOptions", "true"),
        ("transfer.advertiseObjectInfo", "true"), ("transfer.hideRefs", "refs/berth"), ("safe.directory", "*"),
        ("http.getanyfile", "false"),
    ]

    let server: LiveGitServer

    /// The agent that git names itself, for this server to name itself so too: then every byte can be the same.
    static func agent() async throws -> String {
        let words = try await GitCommand(folder: "/tmp")("version").split(separator: " ")
        return "git/\(words.count > 2 ? words[2] : "")"
    }

    func ask(
        _ method: String = "GET", _ path: String, query: String = "", version: String = "", type: String = "",
        body: Data = Data()
    ) async throws -> Answer {
        let input = server.scratch.path("backend-\(UUID().uuidString)")
        try body.write(to: URL(fileURLWithPath: input))
        var environment = [
            "PATH": "/usr/bin:/bin", "HOME": server.scratch.path, "GIT_PROJECT_ROOT": server.repository,
            "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "ann", "REQUEST_METHOD": method, "PATH_INFO": "/\(path)",
            "QUERY_STRING": query, "GIT_PROTOCOL": version, "CONTENT_TYPE": type, "LC_ALL": "C",
            "CONTENT_LENGTH": "\(body.count)", "GIT_CONFIG_COUNT": "\(Self.settings.count)",
        ]
        for (index, setting) in Self.settings.enumerated() {
            environment["GIT_CONFIG_KEY_\(index)"] = setting.0
            environment["GIT_CONFIG_VALUE_\(index)"] = setting.1
        }
        // Its complaints for the server's log would be mixed into the answer.
        let command = try RunningCommand(
            "/bin/sh", ["-c", "exec git http-backend 2>/dev/null"], folder: server.scratch.path,
            environment: environment, input: input)
        _ = await command.outcome()
        return Self.parse(command.rawOutput, status: "200")
    }

    /// The same request to this server.
    func askOurs(
        _ method: String = "GET", _ path: String, query: String = "", version: String = "", type: String = "",
        body: Data = Data(), fields: [String] = []
    ) async throws -> Answer {
        let input = server.scratch.path("request-\(UUID().uuidString)")
        try body.write(to: URL(fileURLWithPath: input))
        var arguments = [
            "-sS", "-i", "--max-time", "60", "-u", "ann:\(RecordingGate.token)", "-X", method, "-H",
            "Git-Protocol: \(version)", "-H", "Expect:",
        ]
        if method == "POST" { arguments += ["-H", "Content-Type: \(type)", "--data-binary", "@\(input)"] }
        for field in fields { arguments += ["-H", field] }
        let address = "http://127.0.0.1:\(server.port)/ann/site.git/\(path)\(query.isEmpty ? "" : "?" + query)"
        let command = try RunningCommand(
            "/usr/bin/curl", arguments + [address], folder: server.scratch.path, environment: ["PATH": "/usr/bin:/bin"])
        _ = await command.outcome()
        return Self.parse(command.rawOutput, status: "")
    }

    /// Splits a CGI answer or an HTTP response.
    private static func parse(_ bytes: Data, status: String) -> Answer {
        let end = bytes.range(of: Data("\r\n\r\n".utf8)) ?? bytes.endIndex..<bytes.endIndex
        var (status, type) = (status, "")
        for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n") {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            if line.hasPrefix("HTTP/"), words.count > 1 { status = words[1] }
            if line.hasPrefix("Status: "), words.count > 1 { status = words[1] }
            if line.lowercased().hasPrefix("content-type: ") { type = String(line.dropFirst(14)) }
        }
        return Answer(status: status, contentType: type, body: Data(bytes[end.upperBound...]))
    }
}
