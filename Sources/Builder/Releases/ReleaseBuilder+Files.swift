import Blocking
import Core
import Glibc

/// A release's own folder: made before its files, and finished after them.
extension ReleaseBuilder {
    /// Makes the release's own folder, empty. True when the previous release's files are there to link from.
    func prepareFolder(
        _ release: ID<Release>, previous: ID<Release>?
    ) async throws(PlatformError) -> Bool {
        let (folder, releases) = (layout.folder(release), layout.releases)
        let old = previous.map { layout.files($0) }
        do {
            return try await pool.run { () throws(FileError) in
                try FolderRemoval.remove(folder)
                if mkdir(folder, 0o700) != 0, errno == ENOENT {
                    try FolderCreation.create(releases)
                    guard mkdir(folder, 0o700) == 0 else { throw FileError("make folder", folder) }
                }
                return old.map { (try? FolderHandle(path: $0)) != nil } ?? false
            }
        } catch {
            throw error.platformError("the release's folder could not be made")
        }
    }

    /// A release's files as the commit has them.
    struct Tree {
        /// No command will write into them, so that they may be shared with other releases.
        let isPristine: Bool
        /// Unchanged ones are the previous release's.
        let isLinked: Bool
        /// How many were written; `nil` when commands may write more.
        let newFiles: Int?
    }

    /// Lays the commit out in the release's own folder, which is made anew.
    func layOut(
        _ request: BuildRequest, isPristine: Bool, log: any DeployLogSink
    ) async throws(PlatformError) -> Tree {
        let clock = ContinuousClock()
        let start = clock.now
        let previous = isPristine ? request.previous.flatMap { $0.isPristine ? $0 : nil } : nil
        let isLinked = try await prepareFolder(request.release, previous: previous?.id)
        let report = try await repository.checkOut(
            CheckoutRequest(
                app: request.app.id, commit: request.commit, directory: layout.files(request.release),
                previous: isLinked ? previous.map { .init(commit: $0.commit, directory: layout.files($0.id)) } : nil,
                account: isPristine ? nil : request.channel.account, allowance: configuration.allowance))
        log.write(
            "checked out \(report.files) \(report.files == 1 ? "file" : "files")"
                + (report.linked > 0 ? ", \(report.linked) unchanged" : "")
                + " (\(StepRunner.seconds(clock.now - start)))")
        return Tree(
            isPristine: isPristine, isLinked: isLinked, newFiles: isPristine ? report.files - report.linked : nil)
    }

    /// Checks what the steps left, describes what is published, and makes all of it durable.
    func finish(
        _ release: ID<Release>, plan: BuildPlan, isPristine: Bool, newFiles: Int?, previous: SiteManifest?,
        twins: SitePublisher.Twins, log: any DeployLogSink
    ) async throws(PlatformError) -> SiteManifest? {
        let layout = layout
        let configuration = configuration
        return try await pool.run { () throws(PlatformError) in
            do {
                let files = try FolderHandle(path: layout.files(release))
                if !isPristine {
                    try ReleaseTree.makeSafe(
                        files,
                        limits: .init(entries: configuration.maximumEntries, bytes: configuration.maximumBytes),
                        log: log)
                }
                try VolumePoints.make(plan.run, in: files)
                if let root = plan.directory, plan.site != nil { try layout.linkSite(release, to: root, in: files) }
                if plan.site != nil { try configuration.allowance.checkRoom() }
                let published = try plan.site.map { site in
                    try SitePublisher.publish(
                        FolderHandle(path: layout.site(release)), plan: site, previous: previous, twins: twins,
                        limits: .init(files: configuration.maximumEntries), log: log)
                }
                let manifest = published?.manifest
                let folder = try FolderHandle(path: layout.folder(release))
                if let manifest {
                    try SmallFile.create(manifest.encoded, name: SiteManifest.fileName, in: folder)
                }
                try FileSystemSync.sync(folder, newFiles: newFiles.map { $0 + (published?.newTwins ?? 0) })
                return manifest
            } catch {
                throw .ofFiles("the release could not be finished", error)
            }
        }
    }
}
