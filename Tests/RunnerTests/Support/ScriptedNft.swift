import Foundation
import Glibc
import TestSupport

@testable import Runner

/// A stand-in for `nft` that does what it is told, but for those loads of rules for which something is arranged.
struct ScriptedNft: Sendable {
    /// What becomes of a load: it is refused, or somebody takes the table away, or changes it, right afterwards.
    enum Mischief: String, CaseIterable, Sendable { case refuse, steal, alter }

    private let directory: TemporaryDirectory
    var path: String { directory.path("nft") }
    private var arranged: String { directory.path("arranged") }

    init() throws {
        directory = try TemporaryDirectory("nft")
        try HostFiles.makeDirectory(arranged)
        let nft = ProgramPaths.found().nft
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        // In another network namespace, where nobody else can be, it is the program itself.
        try #"""
        #!/bin/sh
        next=$(ls '\#(arranged)' | head -n 1)
        if [ "$1" != -f ] || [ -z "$next" ] || [ "$(readlink /proc/self/ns/net)" != '\#(own)' ]; then
            exec '\#(nft)' "$@"
        fi
        rm "\#(arranged)/$next"
        rules=$(cat)
        table=$(printf '%s\n' "$rules" | sed -n 's/^table \(.*\) {$/\1/p' | head -n 1)
        load() { printf '%s\n' "$rules" | '\#(nft)' -f -; }
        case $next in
        *refuse) exit 1 ;;
        *steal) load && exec '\#(nft)' delete table $table ;;
        *alter) load && exec '\#(nft)' insert rule $table forward accept ;;
        esac

        """#.write(toFile: path, atomically: true, encoding: .utf8)
        guard chmod(path, 0o755) == 0 else { throw HostFiles.failure("chmod", path) }
    }

    /// Arranges it for the next loads of rules.
    func arrange(_ mischief: Mischief, times: Int) throws {
        for number in 0..<times { try HostFiles.write("", to: "\(arranged)/\(number)-\(mischief.rawValue)") }
    }

    /// Whether all that was arranged has happened.
    var isOver: Bool { HostFiles.names(in: arranged).isEmpty }
}
