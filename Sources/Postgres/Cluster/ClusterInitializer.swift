import Core
import Foundation
import Subprocess
import SystemPackage

/// Makes a new cluster with `initdb`, whole or not at all.
struct ClusterInitializer: Sendable {
    let layout: ClusterLayout
    let launcher: ClusterLauncher
    let account: ClusterAccount?

    /// Folders and rules that must be there before any program of the cluster starts. Blocks.
    func prepare(subnets: [String]) throws {
        try ClusterFile.makeDirectory(layout.root)
        try ClusterFile.makeDirectory((layout.log as NSString).deletingLastPathComponent)
        if let account, chown(layout.root, account.user, account.group) != 0 {
            throw FileFault(operation: "chown", path: layout.root)
        }
        try ClusterFile.write(
            ClusterSettings.accessRules(subnets: subnets), to: "\(layout.root)/\(ClusterLayout.accessRules)",
            owner: account)
    }

    /// Runs `initdb` of `programs` into a folder that gets its name when it is complete and durable.
    func initialize(programs: String, password: String) async throws {
        let unfinished = "\(layout.root)/\(ClusterLayout.unfinishedData)"
        let passwordFile = "\(layout.root)/\(ClusterLayout.initialPassword)"
        try? FileManager.default.removeItem(atPath: unfinished)
        try ClusterFile.write(password, to: passwordFile, owner: account)
        defer { unlink(passwordFile) }
        let configuration = launcher.configuration(
            "\(programs)/initdb",
            [
                "-D", "\(launcher.root)/\(ClusterLayout.unfinishedData)", "--username=\(ClusterSettings.superuser)",
                "--pwfile=\(launcher.root)/\(ClusterLayout.initialPassword)", "--auth-host=scram-sha-256",
                "--auth-local=reject", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
            ])
        let result = try await run(
            configuration, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw PlatformError(
                .databaseUnavailable, "a Postgres cluster could not be made",
                cause: "initdb: \(result.terminationStatus) \(result.standardError)")
        }
        guard rename(unfinished, layout.data) == 0 else { throw FileFault(operation: "rename", path: layout.data) }
        try ClusterFile.syncDirectory(layout.root)
    }
}
