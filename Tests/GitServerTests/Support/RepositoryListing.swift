import Foundation
import TestSupport

extension LiveGitServer {
    /// All files of the repository with their sizes and times, by path; folders with neither.
    func files() throws -> [String: String] {
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: repository) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(repository)/\(path)")
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            files[path] = isFolder ? "" : "\(attributes[.size] ?? 0) \(attributes[.modificationDate] ?? 0)"
        }
        return files
    }

    /// A commit with one more file, random so that it stays as large when it is sent.
    func commitNoise(_ git: GitCommand, bytes: Int) async throws -> String {
        try Data.noise(bytes).write(to: URL(fileURLWithPath: git.folder + "/noise-\(UUID().uuidString)"))
        return try await commit(git, [:], "noise")
    }
}
