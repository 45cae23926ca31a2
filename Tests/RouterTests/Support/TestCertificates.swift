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
        // Foundation's Process counts the descriptors that are open, and crashes when they change meanwhile.
        let process = try ChildProcess(
            [path] + arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": "/tmp"], input: .pipe, output: .pipe,
            errors: .pipe)
        process.input?.write(Data(input.utf8))
        try process.input?.close()
        let text = String(decoding: process.output?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
        let complaint = String(decoding: process.errors?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
        while process.isRunning { usleep(1000) }
        guard process.status == 0 else { throw Failure(status: process.status ?? 0, errors: complaint) }
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
