import Core
import Glibc

/// Folders in a release's files over which volumes are mounted: a running release cannot get them any more.
enum VolumePoints {
    /// Makes those that are missing. Throws `.buildFailed` where something else than a folder is in the way: a link of the
    /// app's is not followed.
    static func make(_ plan: RunPlan, in files: borrowing FolderHandle) throws {
        for name in plan.volumes ?? [] {
            let path = plan.path(ofVolume: name)
            try make(path.split(separator: "/").map(String.init)[...], in: files, path: path)
        }
    }

    private static func make(
        _ parts: ArraySlice<String>, in folder: borrowing FolderHandle, path: String
    ) throws {
        guard let first = parts.first else { return }
        let name = FileName(first)
        if mkdirat(folder.descriptor, name.characters, 0o755) != 0, errno != EEXIST {
            throw FileError("make folder", "\(folder.path)/\(first)")
        }
        guard try folder.status(name).kind == .folder else {
            throw PlatformError(
                .buildFailed,
                "\(AppManifest.fileName): volumes: \(path) is in the repository, or in the build, and no folder")
        }
        try make(parts.dropFirst(), in: folder.folder(name), path: path)
    }
}
