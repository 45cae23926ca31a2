import Glibc

/// Chooses the folder that is published.
enum OutputChooser {
    /// The first candidate that holds the marker file, and true; when none does, the first that is there, and false. Throws
    /// `.buildFailed` when none is there.
    static func choose(
        in files: borrowing FolderHandle, plan: SitePlan
    ) throws -> (output: String, isMarked: Bool) {
        for candidate in plan.candidates where try holdsMarker(files, candidate, plan.marker) {
            return (candidate, true)
        }
        for candidate in plan.candidates where try exists(files, candidate) {
            return (candidate, false)
        }
        throw plan.missingFolder
    }

    /// The folder names of a candidate; none for the root.
    static func parts(_ output: String) -> [String] {
        output == "." ? [] : output.split(separator: "/").map(String.init)
    }

    /// The other way.
    static func text(_ parts: [String]) -> String { parts.isEmpty ? "." : parts.joined(separator: "/") }

    private static func holdsMarker(
        _ files: borrowing FolderHandle, _ candidate: String, _ marker: String
    ) throws(FileError) -> Bool {
        guard try exists(files, candidate) else { return false }
        if case .file = try SymlinkResolver.resolve(marker, in: [], root: files.folder(parts(candidate))) {
            return true
        }
        return false
    }

    /// A folder that is itself a symlink does not count.
    private static func exists(_ files: borrowing FolderHandle, _ candidate: String) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try files.folder(parts(candidate))
            return true
        } catch {
            guard [ENOENT, ENOTDIR, ELOOP].contains(error.errno) else { throw error }
            return false
        }
    }
}
