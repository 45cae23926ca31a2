import Core
import Synchronization

/// The versions of the programs that builds find. A program is asked once for as long as its file stays the same.
final class InstalledVersions: Sendable {
    private let known = Mutex<[String: Version]>([:])

    /// Throws `.buildFailed` when the program is there in a version that was not asked for.
    func check(_ wish: VersionWish, with steps: StepRunner) async throws(PlatformError) {
        let wanted = FileName.display(wish.wanted)
        guard let range = VersionRange(wish.wanted) else {
            steps.log.write(
                "note: \(wish.place) wants \(wish.program) \(wanted); that is no range, so it is not checked")
            return
        }
        guard let version = try await version(of: wish.program, with: steps) else {
            steps.log.write("note: \(wish.program) does not tell its version, so \(wish.place) is not checked")
            return
        }
        guard !range.contains(version) else { return }
        let message =
            "\(wish.place) wants \(wish.program) \(wanted), and this server has \(version); "
            + "change the range, or ask the server's operator for another version"
        steps.log.write(message)
        throw PlatformError(.buildFailed, message)
    }

    private func version(of program: String, with steps: StepRunner) async throws(PlatformError) -> Version? {
        let root = steps.configuration.containerRoot
        let identity = "\(root) \(DependencyKey.identity(program, root: root))"
        if let version = known.withLock({ $0[identity] }) { return version }
        guard let version = try await steps.versionOutput(of: program).flatMap({ Version.first(in: $0) }) else {
            return nil
        }
        known.withLock { $0[identity] = version }
        return version
    }
}
