import Blocking
import Core
import Foundation
import Synchronization

/// Deploy logs as files, `<data>/logs/deploys/<deploy>.log`, mode 0600. A log that is being written keeps its descriptor
/// open until `sync`.
public final class FileDeployLogStore: DeployLogStore {
    /// Open descriptors kept at most; a log beyond that is opened again for its next line.
    private static let maximumOpenFiles = 64

    private let directory: String
    private let open = Mutex<[ID<Deploy>: DeployLogFile]>([:])
    private let blocking = BlockingPool(label: "deploy-logs", width: 2)

    /// - Parameter dataDirectory: the server's data folder, an absolute path.
    public init(dataDirectory: String) throws(PlatformError) {
        directory = "\(dataDirectory)/logs/deploys"
        do { try PrivateFile.makeDirectory(directory) } catch { throw StoreError.translate(error) }
    }

    public func append(_ text: String, deploy: ID<Deploy>) throws(PlatformError) {
        do { try file(deploy).append(text) } catch { throw StoreError.translate(error) }
    }

    public func read(_ deploy: ID<Deploy>) async throws(PlatformError) -> Data? {
        let path = path(deploy)
        return try await blocking.run { () throws(PlatformError) in
            do {
                return try Data(contentsOf: URL(fileURLWithPath: path))
            } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
                return nil
            } catch {
                throw StoreError.translate(error)
            }
        }
    }

    public func sync(_ deploy: ID<Deploy>) throws(PlatformError) {
        do {
            let file = try file(deploy)
            _ = open.withLock { $0.removeValue(forKey: deploy) }
            try file.sync()
            try PrivateFile.syncDirectory(directory)
        } catch {
            throw StoreError.translate(error)
        }
    }

    public func delete(_ deploys: [ID<Deploy>]) async {
        open.withLock { files in deploys.forEach { files[$0] = nil } }
        let paths = deploys.map(path)
        await blocking.run { paths.forEach { _ = unlink($0) } }
    }

    private func path(_ deploy: ID<Deploy>) -> String { "\(directory)/\(deploy).log" }

    private func file(_ deploy: ID<Deploy>) throws -> DeployLogFile {
        try open.withLock { files in
            if let file = files[deploy] { return file }
            if files.count >= Self.maximumOpenFiles { files.removeAll() }
            let file = try DeployLogFile(path: path(deploy))
            files[deploy] = file
            return file
        }
    }
}

/// One open log file. The kernel appends each write whole, so no lock is needed.
private final class DeployLogFile: Sendable {
    private let path: String
    private let descriptor: Int32

    init(path: String) throws {
        self.path = path
        descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "open", path: path) }
    }

    deinit { close(descriptor) }

    func append(_ text: String) throws { try PrivateFile.writeAll(Array(text.utf8), to: descriptor, path: path) }

    func sync() throws {
        guard fdatasync(descriptor) == 0 else { throw FileFault(operation: "sync", path: path) }
    }
}
