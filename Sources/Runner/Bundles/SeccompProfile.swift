import Core
import Foundation

/// A system call filter in the containers/common format, and what it comes to for a process without capabilities on one
/// architecture: the `linux.seccomp` part of an OCI configuration (OCI runtime specification, "Seccomp").
struct SeccompProfile: Sendable {
    /// Calls that a process without capabilities has no use for; kernels had holes behind them. The distribution lets
    /// them pass for rootless containers inside containers.
    static let withheld: Set<String> = [
        "add_key", "fsconfig", "fsmount", "fsopen", "fspick", "keyctl", "mount", "mount_setattr", "move_mount",
        "open_tree", "pivot_root", "request_key", "setns", "umount", "umount2", "unshare",
    ]
    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (clone(2)).
    static let namespaceFlags: UInt64 = 0x7e02_0000
    /// Calls with rules of their own below. clone3 passes its flags in memory, which a filter cannot read; libc falls back to
    /// clone.
    private static let ruledHere: Set<String> = ["clone", "clone3", "socket"]
    /// Families of sockets that every process needs: AF_UNIX, AF_INET, AF_INET6 (address_families(7)). Others lead to the
    /// machine's hypervisor (AF_VSOCK), to parts of the kernel that are rarely looked at, or need capabilities.
    private static let openFamilies: [UInt64] = [1, 2, 10]
    /// AF_NETLINK with NETLINK_ROUTE: libc asks for the interfaces by it.
    private static let netlinkFamily: UInt64 = 16
    private static let permissionDenied: UInt32 = 1
    private static let notImplemented: UInt32 = 38

    private let file: File

    init(_ data: Data) throws(PlatformError) {
        do {
            file = try JSONDecoder().decode(File.self, from: data)
        } catch {
            throw .internal("the system call filter cannot be read", cause: error)
        }
    }

    /// - Parameter machine: as `uname -m` has it, `x86_64` or `aarch64`.
    func resolved(machine: String) -> OCISpecification.Seccomp {
        let (name, architecture) = machine == "aarch64" ? ("arm64", "SCMP_ARCH_AARCH64") : ("amd64", "SCMP_ARCH_X86_64")
        var rules: [OCISpecification.Seccomp.Rule] = []
        for rule in file.syscalls where rule.applies(to: name) {
            let names = rule.names.filter { !Self.withheld.contains($0) && !Self.ruledHere.contains($0) }
            if !names.isEmpty {
                rules.append(.init(names: names, action: rule.action, errnoRet: rule.errnoRet, args: rule.args ?? []))
            }
        }
        rules.append(
            .init(names: Self.withheld.sorted(), action: "SCMP_ACT_ERRNO", errnoRet: Self.permissionDenied, args: []))
        rules += Self.openFamilies.map { family in
            .init(
                names: ["socket"], action: "SCMP_ACT_ALLOW", errnoRet: nil,
                args: [.init(index: 0, value: family, valueTwo: 0, op: "SCMP_CMP_EQ")])
        }
        rules.append(
            .init(
                names: ["socket"], action: "SCMP_ACT_ALLOW", errnoRet: nil,
                args: [
                    .init(index: 0, value: Self.netlinkFamily, valueTwo: 0, op: "SCMP_CMP_EQ"),
                    .init(index: 2, value: 0, valueTwo: 0, op: "SCMP_CMP_EQ"),
                ]))
        rules.append(
            .init(
                names: ["clone"], action: "SCMP_ACT_ALLOW", errnoRet: nil,
                args: [.init(index: 0, value: Self.namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ")]))
        return OCISpecification.Seccomp(
            defaultAction: file.defaultAction, defaultErrnoRet: file.defaultErrnoRet ?? Self.notImplemented,
            architectures: [architecture], syscalls: rules)
    }

    private struct File: Decodable {
        struct Condition: Decodable { let caps: [String]?, arches: [String]? }
        struct Rule: Decodable {
            let names: [String]
            let action: String
            let errnoRet: UInt32?
            let args: [OCISpecification.Seccomp.Argument]?
            let includes: Condition?
            let excludes: Condition?

            /// Whether the rule holds for a process without capabilities.
            func applies(to architecture: String) -> Bool {
                if let caps = includes?.caps, !caps.isEmpty { return false }
                if let arches = includes?.arches, !arches.isEmpty, !arches.contains(architecture) { return false }
                if let arches = excludes?.arches, arches.contains(architecture) { return false }
                return true
            }
        }
        let defaultAction: String
        let defaultErrnoRet: UInt32?
        let syscalls: [Rule]
    }
}
