import Core
import Foundation
import Logging

/// A file of the host that containers cannot be made without, and where it comes from.
public struct RequiredProgram: Sendable, Hashable {
    public let name: String
    /// What it is needed for, a few words.
    public let purpose: String
    /// The Debian package that installs it.
    public let package: String
    public let path: String
    public let isFound: Bool
    /// First line of what it says about its version; `nil` when missing or when it has none to tell.
    public var version: String?
}

extension ProgramPaths {
    /// Every needed file with whether it is there.
    public func required() -> [RequiredProgram] {
        func entry(_ name: String, _ purpose: String, _ package: String, _ path: String) -> RequiredProgram {
            let isFound = FileManager.default.isReadableFile(atPath: path)
            return RequiredProgram(name: name, purpose: purpose, package: package, path: path, isFound: isFound)
        }
        return [
            entry("runc", "starts containers", "runc", runc),
            entry("conmon", "keeps containers' output and exit status", "conmon", conmon),
            entry("tini", "first process of every container", "tini", tini),
            entry("nft", "keeps containers apart", "nftables", nft),
            entry("ip", "makes the bridge", "iproute2", ip),
            entry("unshare", "makes network namespaces", "util-linux", unshare),
            entry("sh", "joins programs to pipes", "dash", shell),
            entry("cni bridge", "connects containers", "containernetworking-plugins", "\(plugins)/bridge"),
            entry("cni host-local", "hands out addresses", "containernetworking-plugins", "\(plugins)/host-local"),
            entry(
                "seccomp profile", "filters system calls", "golang-github-containers-common", seccompProfile),
        ]
    }

    /// `required`, with the versions that the programs tell.
    public func inspected() async -> [RequiredProgram] {
        let commands = HostCommands(logger: Logger(label: "berth.doctor") { _ in SwiftLogNoOpLogHandler() })
        var programs = required()
        for index in programs.indices where programs[index].isFound {
            let question: String? =
                switch programs[index].name {
                case "runc", "conmon", "tini", "nft", "unshare": "--version"
                case "ip": "-V"
                default: nil
                }
            guard let question, let result = try? await commands.run(programs[index].path, [question]) else {
                continue
            }
            programs[index].version = result.output.split(separator: "\n").first.map(String.init)
        }
        return programs
    }

    /// Throws `.unsupported` with what to install when something is missing.
    func check() throws(PlatformError) {
        let missing = required().filter { !$0.isFound }
        guard !missing.isEmpty else { return }
        let packages = Set(missing.map(\.package)).sorted().joined(separator: " ")
        throw PlatformError(
            .unsupported, "containers need \(missing.map(\.name).joined(separator: ", ")): apt-get install \(packages)")
    }
}
