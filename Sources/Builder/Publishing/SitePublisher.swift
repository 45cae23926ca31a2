import Core

/// Makes the manifest of a static release: chooses the folder, walks it, and describes every file that may be served.
struct SitePublisher {
    struct Limits {
        var files: Int
        /// Folders within one another.
        var depth = 128
    }

    private let plan: SitePlan
    private let limits: Limits
    private let previous: [String: SiteManifest.Record]
    private var output = "."
    private var records: [String: SiteManifest.Record] = [:]
    private var leftOut = LeftOutList()

    /// Blocks. The log gets a line for what is published and one for each thing that surprisingly is not.
    /// - Parameters:
    ///   - files: the release's files; nothing writes to them any more.
    ///   - previous: the manifest of the release that unchanged files were linked from.
    static func publish(
        _ files: borrowing FolderHandle, plan: SitePlan, previous: SiteManifest?, limits: Limits,
        log: any DeployLogSink
    ) throws(PlatformError) -> SiteManifest {
        do throws(FileError) {
            let (output, isMarked) = try chooseOutput(files, plan: plan)
            let root = try files.folder(output == "." ? [] : output.split(separator: "/").map(String.init))
            var publisher = SitePublisher(
                plan: plan, limits: limits, previous: previous?.output == output ? previous?.records ?? [:] : [:],
                output: output)
            let failure = try publisher.walk(
                root, at: [], url: "", above: [root.status(FileName("."))], root: root)
            if let failure { throw Stop(failure) }
            publisher.report(to: log, isMarked: isMarked)
            return SiteManifest(output: output, records: publisher.records)
        } catch let error as FileError {
            throw error.platformError("the site could not be published")
        }
    }
}
