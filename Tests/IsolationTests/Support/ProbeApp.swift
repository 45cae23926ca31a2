import Foundation
import ServerTestSupport

/// The attacker's app: looks around while it is built, and does what it is asked to while it runs.
enum ProbeApp {
    static func write(to project: Project, targets: Targets) throws {
        for name in ["probe.sh", "calls.pl", "connect.js", "server.js"] {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Probes/\(name)")
            try project.write(name, Data(contentsOf: file))
        }
        try project.write("package.json", NodeApp.package)
        try project.write("connections", targets.connectionList)
        try project.write("paths", targets.paths.joined(separator: "\n") + "\n")
        // A file with set-id bits, for the instance to find.
        try project.write("install.sh", "sh probe.sh\ncp /bin/true setuid && chmod 6755 setuid\n")
    }

    /// Writes a version whose build is the attack.
    static func write(attack: String, to project: Project) throws {
        try project.write("install.sh", attack + "\n")
    }
}
