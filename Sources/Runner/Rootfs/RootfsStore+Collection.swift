import Core
import Logging

extension RootfsStore {
    /// Removes the file systems that neither a kept release nor an installed template names.
    /// - Parameter keys: of those that are named. A deploy that goes on has its template's among them.
    public func collect(keeping keys: Set<String>) async {
        for name in HostFiles.names(in: directory) where Rootfs.isKey(name) && !keys.contains(name) {
            guard !isBeingMade(name) else { continue }
            await remove(name)
            logger.info("packages removed that nothing names any more", metadata: ["rootfs": "\(name)"])
        }
    }
}
