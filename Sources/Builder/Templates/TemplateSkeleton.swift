import Core
import Foundation
import Glibc

/// A new template's folder: small, valid, and with an example that builds and boots.
public struct TemplateSkeleton {
    /// Of the template and of its folder.
    public let name: String
    /// Path of the folder, as it was given.
    public let directory: String

    /// Throws `.invalid` for a name that no manifest may have.
    /// - Parameter folder: where the template's folder is to be.
    public init(name: String, in folder: String) throws(PlatformError) {
        try DNSLabel.check(name, field: "name")
        self.name = name
        directory = folder == "." ? name : "\(folder.hasSuffix("/") ? String(folder.dropLast()) : folder)/\(name)"
    }

    /// Writes the files. Throws `.conflict` when there is something of that name, and leaves nothing behind when it throws.
    /// Blocks.
    /// - Returns: their paths from the template's folder.
    public func write() throws(PlatformError) -> [String] {
        guard mkdir(directory, 0o755) == 0 else {
            switch errno {
            case EEXIST: throw PlatformError(.conflict, "\(directory) exists already")
            case ENOENT: throw .invalid("\(directory) cannot be made: the folder that it is to be in does not exist")
            default: throw .invalid("\(directory) cannot be made: \(String(cString: strerror(errno)))")
            }
        }
        do {
            var files = SkeletonText.files(name: name)
            for file in files { try create(file) }
            let plan = (TemplateCheck.expectedPlanName, try TemplateCheck(directory: directory).examplePlan())
            try create(plan)
            files.append(plan)
            return files.map(\.path)
        } catch {
            try? FileManager.default.removeItem(atPath: directory)
            throw PlatformError(.internal, "\(directory) could not be written: \(error)")
        }
    }

    private func create(_ file: (path: String, text: String)) throws {
        let url = URL(fileURLWithPath: directory).appendingPathComponent(file.path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.text.utf8).write(to: url)
    }
}
