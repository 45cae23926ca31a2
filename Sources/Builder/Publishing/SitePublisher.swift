import Core

/// Makes the manifest of a static release: chooses the folder, walks it, and describes every file that may be served.
struct SitePublisher {
    struct Limits {
        /// Published files.
        var files: Int
        /// Folders within one another.
        var depth = 128
    }

    private let plan: SitePlan
    private let limits: Limits
    private let output: String
    private let previous: [String: SiteManifest.Record]
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
        do {
            let (output, isMarked) = try OutputChooser.choose(in: files, plan: plan)
            var publisher = SitePublisher(
                plan: plan, limits: limits, output: output,
                previous: previous?.output == output ? previous?.records ?? [:] : [:])
            let root = try files.folder(OutputChooser.parts(output))
            try publisher.walk(root, at: [], url: "", above: [root.status(FileName("."))], root: root)
            publisher.report(to: log, isMarked: isMarked)
            return SiteManifest(output: output, records: publisher.records)
        } catch {
            throw .ofFiles("the site could not be published", error)
        }
    }

    private init(plan: SitePlan, limits: Limits, output: String, previous: [String: SiteManifest.Record]) {
        self.plan = plan
        self.limits = limits
        self.output = output
        self.previous = previous
    }

    /// Describes what is in `folder`.
    /// - Parameters:
    ///   - parts: where it is below `root`.
    ///   - url: what its entries' URL paths begin with; not `parts` when a symlink led here.
    ///   - above: the folder and those that it was reached through, to notice circles.
    private mutating func walk(
        _ folder: borrowing FolderHandle, at parts: [String], url: String, above: [FileStatus],
        root: borrowing FolderHandle
    ) throws {
        guard above.count <= limits.depth else {
            throw PlatformError(.buildFailed, "the site has folders nested more than \(limits.depth) deep")
        }
        for name in try folder.entries() {
            guard let text = name.text else {
                leftOut.add(url + name.description, "its name is not UTF-8")
                continue
            }
            if isExcluded(parts + [text]) { continue }
            let status = try folder.status(name)
            switch status.kind {
            case .file:
                try add(url + text, parts + [text], status) { () throws(FileError) in
                    try ContentTag.of(folder.file(name))
                }
            case .folder:
                try walk(
                    folder.folder(name), at: parts + [text], url: url + text + "/", above: above + [status], root: root)
            case .symlink:
                try follow(text, in: parts, url: url, above: above, root: root)
            case .special:
                leftOut.add(url + text, "it is not a file")
            }
        }
    }

    private mutating func follow(
        _ name: String, in parts: [String], url: String, above: [FileStatus], root: borrowing FolderHandle
    ) throws {
        switch try SymlinkResolver.resolve(name, in: parts, root: root) {
        case .outside: leftOut.add(url + name, "it is a link out of the published folder")
        case .missing: leftOut.add(url + name, "it is a link that leads nowhere")
        case .file(let target, _) where isHidden(target), .folder(let target, _) where isHidden(target):
            leftOut.add(url + name, "it is a link to something that is not published")
        case .file(let target, let status):
            try add(url + name, target, status) { () throws(FileError) in
                try ContentTag.of(root.folder(target.dropLast()).file(FileName(target[target.count - 1])))
            }
        case .folder(let target, let status):
            if above.contains(where: { $0.inode == status.inode && $0.device == status.device }) {
                leftOut.add(url + name, "it is a link to a folder that it is in")
            } else {
                try walk(root.folder(target), at: target, url: url + name + "/", above: above + [status], root: root)
            }
        }
    }

    private mutating func add(
        _ url: String, _ parts: [String], _ status: FileStatus, tag: () throws(FileError) -> String
    ) throws {
        // Two spellings of one Unicode text are one URL here; the first in byte order stays.
        guard records[url] == nil else {
            leftOut.add(url, "another file has the same name in another Unicode form")
            return
        }
        guard records.count < limits.files else {
            throw PlatformError(.buildFailed, "the site has more than \(limits.files) files")
        }
        let old = previous[url].flatMap { $0.describes(status) ? $0.tag : nil }
        records[url] = SiteManifest.Record(
            path: parts.joined(separator: "/"), tag: try old ?? tag(), size: status.size,
            modifiedSeconds: status.modifiedSeconds, modifiedNanoseconds: status.modifiedNanoseconds,
            inode: status.inode)
    }

    /// Whether the rules exclude the entry itself; `parts` are below the published folder.
    private func isExcluded(_ parts: [String]) -> Bool {
        let path = (OutputChooser.parts(output) + parts).joined(separator: "/")
        return plan.isExcluded(name: parts.last ?? "", path: path)
    }

    /// Whether the rules exclude the entry or a folder that it is in.
    private func isHidden(_ parts: [String]) -> Bool { parts.indices.contains { isExcluded(Array(parts[...$0])) } }

    private func report(to log: any DeployLogSink, isMarked: Bool) {
        leftOut.write(to: log)
        let place = output == "." ? "" : " from \(output)/"
        log.write("publishing \(records.count) \(records.count == 1 ? "file" : "files")\(place)")
        if !isMarked {
            let places = plan.candidates.map { $0 == "." ? "the root" : "\($0)/" }.joined(separator: ", ")
            log.write("warning: no \(plan.marker) in \(places): / will answer 404")
        }
    }
}

/// What was surprisingly not published, for the log; a long list is cut.
private struct LeftOutList {
    private static let limit = 20

    private var lines: [String] = []
    private var count = 0

    mutating func add(_ path: String, _ reason: String) {
        count += 1
        if lines.count < Self.limit { lines.append("not published: \(FileName.display(path)): \(reason)") }
    }

    func write(to log: any DeployLogSink) {
        lines.forEach { log.write($0) }
        if count > lines.count { log.write("not published: \(count - lines.count) more") }
    }
}
