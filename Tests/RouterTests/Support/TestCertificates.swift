import Foundation
import TestSupport

/// A folder of self-signed certificates.
struct TestCertificates {
    let folder: TemporaryDirectory

    init(_ names: [String: [String]]) throws {
        folder = try TemporaryDirectory("router-certificates")
        for (name, hosts) in names { try make(name, hosts) }
    }

    var path: String { folder.path }

    /// Makes or replaces `<name>.crt` and `<name>.key`.
    func make(_ name: String, _ hosts: [String]) throws {
        let alternatives = hosts.map { "DNS:\($0)" }.joined(separator: ",")
        let (key, certificate) = ("\(path)/\(name).key", "\(path)/\(name).crt")
        try Program.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                "-subj", "/CN=\(hosts.first ?? name)", "-addext", "subjectAltName=\(alternatives)", "-keyout",
                "\(key).new", "-out", "\(certificate).new",
            ])
        for file in [key, certificate] {
            try? FileManager.default.removeItem(atPath: file)
            try FileManager.default.moveItem(atPath: "\(file).new", toPath: file)
        }
    }
}

/// A real program that a test runs.
enum Program {
    struct Failure: Error {
        let status: Int32
        let errors: String
    }

    @discardableResult
    static func run(_ path: String, _ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        let (output, errors, feed) = (Pipe(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = feed
        try process.run()
        feed.fileHandleForWriting.write(Data(input.utf8))
        try feed.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(status: process.terminationStatus, errors: complaint)
        }
        return text
    }

    /// Runs curl against a router's TLS port; names lead to loopback.
    static func curl(_ port: Int, _ host: String, _ path: String, _ options: [String] = []) async throws -> String {
        try await onThread {
            try run(
                "/usr/bin/curl",
                ["-sk", "--max-time", "30", "--resolve", "\(host):\(port):127.0.0.1"] + options
                    + ["https://\(host):\(port)\(path)"])
        }
    }
}
