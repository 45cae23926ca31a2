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
    private let previous: [StaticSite.Name: SiteManifest.Record]
    private var records: [StaticSite.Name: SiteManifest.Record] = [:]
    private var compressible: [TwinMaker.Source] = []
    /// Text of `_redirects` and `_headers`.
    private var rules: [SiteRulesFile.Kind: String] = [:]
    private var leftOut = LeftOutList()

    /// Where the compressed twins go, and where earlier ones are.
    struct Twins {
        /// Absolute path; the folder is made.
        var folder: String
        /// Of a release whose twins may be linked.
        var previous: (folder: String, manifest: SiteManifest)?
        var brotli = BrotliProgram.installed()
    }

    /// Blocks. The log gets a line for what is published and one for each thing that surprisingly is not.
    /// - Parameters:
    ///   - files: the release's files; nothing writes to them any more.
    ///   - previous: the manifest of the release that unchanged files were linked from.
    /// - Returns: the manifest, and how many twins were written and not linked.
    static func publish(
        _ files: borrowing FolderHandle, plan: SitePlan, previous: SiteManifest?, twins: Twins, limits: Limits,
        log: any DeployLogSink
    ) throws(PlatformError) -> (manifest: SiteManifest, newTwins: Int) {
        do {
            let (output, isMarked) = try OutputChooser.choose(in: files, plan: plan)
            var publisher = SitePublisher(
                plan: plan, limits: limits, output: output,
                previous: previous?.output == output ? previous?.records ?? [:] : [:])
            let root = try files.folder(OutputChooser.parts(output))
            try publisher.walk(root, at: [], url: "", above: [root.status(FileName("."))], root: root)
            try checkRules(publisher.rules, records: publisher.records, log: log)
            let newTwins = try publisher.makeTwins(twins, root: root)
            publisher.leftOut.write(to: log)
            report(publisher.records.count, from: output, plan: plan, isMarked: isMarked, to: log)
            let manifest = SiteManifest(
                output: output, records: publisher.records, redirects: publisher.rules[.redirects] ?? "",
                headers: publisher.rules[.headers] ?? "")
            return (manifest, newTwins)
        } catch {
            throw .ofFiles("the site could not be published", error)
        }
    }

    private init(plan: SitePlan, limits: Limits, output: String, previous: [StaticSite.Name: SiteManifest.Record]) {
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
            if url.isEmpty, let kind = SiteRulesFile.Kind(rawValue: text) {
                try readRules(kind, folder, name, status)
                continue
            }
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
        guard records.count < limits.files else {
            throw PlatformError(.buildFailed, "the site has more than \(limits.files) files")
        }
        let name = StaticSite.Name(url)
        let old = previous[name].flatMap { $0.describes(status) ? $0.tag : nil }
        let tag = try old ?? tag()
        if TwinMaker.isCompressible(MediaType.of(url), size: status.size) {
            compressible.append(.init(tag: tag, size: status.size, parts: parts))
        }
        records[name] = SiteManifest.Record(
            path: parts.joined(separator: "/"), tag: tag, size: status.size,
            modifiedSeconds: status.modifiedSeconds, modifiedNanoseconds: status.modifiedNanoseconds,
            inode: status.inode)
    }

    // MARK: - Rules and twins

    /// Takes up `_redirects` or `_headers`, which is not published itself.
    private mutating func readRules(
        _ kind: SiteRulesFile.Kind, _ folder: borrowing FolderHandle, _ name: FileName, _ status: FileStatus
    ) throws {
        guard status.kind == .file else {
            return leftOut.add(kind.rawValue, "it is not a plain file, and has no effect")
        }
        guard status.size <= SiteRulesFile.maximumBytes,
            let bytes = try SmallFile.read(name: kind.rawValue, in: folder)
        else { throw SiteRulesFile.notText(kind) }
        rules[kind] = try SiteRulesFile.text(kind, bytes)
    }

    /// Reads the rules and writes what is to be said of them. Throws `.buildFailed` when something is wrong.
    static func checkRules(
        _ rules: [SiteRulesFile.Kind: String], records: [StaticSite.Name: SiteManifest.Record], log: any DeployLogSink
    ) throws(PlatformError) {
        if let text = rules[.redirects] {
            var parser = RedirectsParser.parse(text)
            parser.checkLoops { path in
                let name = SitePattern.decoded(String(path.dropFirst()))
                let base = name.hasSuffix("/") ? String(name.dropLast()) : name
                let names = base.isEmpty ? ["index.html"] : [name, base + ".html", base + "/index.html"]
                return names.contains { records[StaticSite.Name($0)] != nil }
            }
            try parser.file.report(to: log)
        }
        if let text = rules[.headers] { try HeadersParser.parse(text).file.report(to: log) }
    }

    private mutating func makeTwins(_ twins: Twins, root: borrowing FolderHandle) throws(FileError) -> Int {
        var known: TwinMaker.Sizes = [:]
        for record in twins.previous?.manifest.records.values ?? [:].values
        where TwinMaker.isCompressible("text/plain", size: record.size) {
            known[record.tag] = (record.brotli, record.gzip)
        }
        let (sizes, newFiles) = try TwinMaker(brotli: twins.brotli).make(
            compressible, root: root, folder: twins.folder, previous: twins.previous?.folder, known: known)
        for (name, record) in records {
            guard let found = sizes[record.tag], TwinMaker.isCompressible(MediaType.of(name.text), size: record.size)
            else { continue }
            records[name]?.brotli = found.brotli
            records[name]?.gzip = found.gzip
        }
        return newFiles
    }

    /// Whether the rules exclude the entry itself; `parts` are below the published folder.
    private func isExcluded(_ parts: [String]) -> Bool {
        let path = (OutputChooser.parts(output) + parts).joined(separator: "/")
        return plan.isExcluded(name: parts.last ?? "", path: path)
    }

    /// Whether the rules exclude the entry or a folder that it is in.
    private func isHidden(_ parts: [String]) -> Bool { parts.indices.contains { isExcluded(Array(parts[...$0])) } }

    /// Says what is published.
    static func report(_ count: Int, from output: String, plan: SitePlan, isMarked: Bool, to log: any DeployLogSink) {
        let place = output == "." ? "" : " from \(output)/"
        log.write("publishing \(count) \(count == 1 ? "file" : "files")\(place)")
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
