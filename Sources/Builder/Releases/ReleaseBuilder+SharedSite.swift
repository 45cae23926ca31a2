import Blocking
import Core
import Logging

/// Sites that need neither a build nor a folder of their own: the work is that of what has changed.
extension ReleaseBuilder {
    /// Bytes of a `.gitattributes` that is looked into.
    private static let attributesLimit = 256 << 10

    /// Publishes a plain commit out of the app's shared content. `nil`, with nothing but an empty folder left, when its files have to
    /// be laid out.
    func publishShared(
        _ request: BuildRequest, plan: BuildPlan, site sitePlan: SitePlan, log: any DeployLogSink
    ) async throws(PlatformError) -> BuildResult? {
        let clock = ContinuousClock()
        var start = clock.now
        guard !sitePlan.marker.contains("/") else { return nil }
        let directory = plan.directory.map(OutputChooser.parts) ?? []
        async let former = previousManifest(request.previous?.id)
        let rules = try sitePlan.fingerprint(in: plan.directory)
        let place = try await place(sitePlan, directory: directory, of: request)
        var base = await former
        if base?.shared != request.app.id || base?.rules != rules || base?.output != place.path { base = nil }
        let changes = try await repository.changes(
            from: base == nil ? nil : request.previous?.commit, to: request.commit, app: request.app.id)
        if !changes.isRelative { base = nil }
        let known = base
        let applied = await pool.run { () throws(Never) -> SharedSite? in
            var site = SharedSite(plan: sitePlan, directory: directory, output: place.output, base: known)
            return site.apply(changes.changes) ? site : nil
        }
        guard var site = applied, try await !givesFilesToLFS(site.attributes, request) else { return nil }
        for kind in site.rules.keys { site.set(kind, try await text(of: kind, in: place.path, request)) }
        let sources = Set(base == nil ? [] : [request.previous?.id].compactMap { $0 })
        _ = try await prepareFolder(request.release, previous: nil)
        let content = SharedContent(releases: layout.releases, app: request.app.id)
        guard let draft = try await draft(site, in: content, sources: sources, request) else { return nil }
        // A file counts for each of its names, here as where they are laid out.
        try configuration.allowance.check(bytes: draft.site.records.values.reduce(0) { $0 + $1.size })
        let count = draft.site.records.count
        let written = draft.written
        log.write(
            "checked out \(count) \(count == 1 ? "file" : "files")"
                + (written < count ? ", \(count - written) unchanged" : "")
                + " (\(StepRunner.seconds(clock.now - start)))")
        try StepRunner.checkCancellation()
        start = clock.now
        let manifest = try await store(draft, at: place, rules: rules, plan: sitePlan, in: content, request, log)
        guard let manifest else { return nil }
        log.write("site stored (\(StepRunner.seconds(clock.now - start)))")
        return BuildResult(plan: plan.run, isPristine: true, site: layout.site(request.release, manifest))
    }

    /// A site whose new files are written, and described.
    private struct Draft: Sendable {
        var site: SharedSite
        /// Releases that describe what was not written.
        var sources: Set<ID<Release>>
        /// Published files that were not there.
        var written = 0
        var blobs: [BlobID] = []
        var compressible: [TwinMaker.Source] = []
    }

    private func draft(
        _ site: SharedSite, in content: SharedContent, sources: Set<ID<Release>>, _ request: BuildRequest
    ) async throws(PlatformError) -> Draft? {
        let changed = Array(site.changed.keys)
        let limit = configuration.maximumEntries
        var draft = try await pool.run { () throws(PlatformError) in
            var draft = Draft(site: site, sources: sources)
            do {
                let (records, releases) = try content.known(content.existing(changed))
                draft.sources.formUnion(releases)
                for (blob, found) in records {
                    let (name, record) = (found.name, found.record)
                    // It may never have been compressed under a name of another kind.
                    if site.isCompressible(blob, size: record.size),
                        !TwinMaker.isCompressible(MediaType.of(name.text), size: record.size)
                    {
                        continue
                    }
                    draft.site.describe(blob, record)
                }
                draft.blobs = changed.filter { blob in
                    (site.changed[blob] ?? []).contains { draft.site.records[$0]?.path != SharedContent.path(blob) }
                }
            } catch {
                throw .ofFiles("the app's files could not be read", error)
            }
            return draft
        }
        draft.written = draft.blobs.reduce(0) { $0 + (site.changed[$1]?.count ?? 0) }
        guard draft.site.records.count + draft.written <= limit else {
            throw PlatformError(.buildFailed, "the site has more than \(limit) files")
        }
        guard !draft.blobs.isEmpty else { return draft }
        let folder = layout.newFiles(request.release)
        try await repository.write(
            Set(draft.blobs), to: folder, app: request.app.id, within: configuration.allowance)
        return try await pool.run { [draft] () throws(PlatformError) in
            do {
                return try Self.described(draft, in: FolderHandle(path: folder))
            } catch {
                throw .ofFiles("the new files could not be read", error)
            }
        }
    }

    private static func described(_ draft: Draft, in folder: borrowing FolderHandle) throws -> Draft {
        var draft = draft
        for blob in draft.blobs {
            let file = try folder.file(FileName(blob.rawValue))
            let status = file.status
            let tag = try ContentTag.of(file)
            draft.site.describe(
                blob,
                SiteManifest.Record(
                    path: SharedContent.path(blob), tag: tag, size: status.size,
                    modifiedSeconds: status.modifiedSeconds, modifiedNanoseconds: 0, inode: 0))
            if draft.site.isCompressible(blob, size: status.size) {
                draft.compressible.append(.init(tag: tag, size: status.size, parts: [blob.rawValue]))
            }
        }
        return draft
    }

    /// Compresses what is new, and brings the site into the app's shared content. `nil` when a release that it counted on went away.
    private func store(
        _ draft: Draft, at place: Place, rules: String, plan: SitePlan, in content: SharedContent,
        _ request: BuildRequest, _ log: any DeployLogSink
    ) async throws(PlatformError) -> SiteManifest? {
        let (files, twins, release) = (
            layout.newFiles(request.release), layout.twins(request.release), request.release
        )
        let allowance = configuration.allowance
        return try await pool.run { () throws(PlatformError) in
            do {
                try allowance.checkRoom()
                var site = draft.site
                try SitePublisher.checkRules(site.texts, records: site.records, log: log)
                var addition = SharedContent.Addition(files: files, blobs: draft.blobs, twins: twins)
                if !draft.compressible.isEmpty {
                    let root = try FolderHandle(path: files)
                    let (sizes, _) = try TwinMaker(brotli: .installed()).make(
                        draft.compressible, root: root, folder: twins, previous: nil, known: [:])
                    for source in draft.compressible {
                        guard let blob = BlobID(source.parts[0]), let name = site.changed[blob]?.first,
                            var record = site.records[name], let found = sizes[source.tag]
                        else { continue }
                        (record.brotli, record.gzip) = found
                        site.describe(blob, record)
                        addition.twinNames += record.twinNames
                    }
                }
                SitePublisher.report(
                    site.records.count, from: OutputChooser.text(place.output), plan: plan, isMarked: place.isMarked,
                    to: log)
                var manifest = SiteManifest(
                    output: place.path, records: site.records, redirects: site.texts[.redirects] ?? "",
                    headers: site.texts[.headers] ?? "")
                (manifest.shared, manifest.rules) = (content.app, rules)
                let isKept = try content.add(
                    addition, manifest: manifest.encoded, of: release, relyingOn: draft.sources)
                guard isKept else { return nil }
                for folder in [files, twins] { try FolderRemoval.remove(folder) }
                return manifest
            } catch {
                throw .ofFiles("the site could not be published", error)
            }
        }
    }

    // MARK: - What the commit says

    private struct Place: Sendable {
        /// The published folder from the repository's root, `.` for the root itself.
        var path: String
        /// Its parts below the folder that the plan is about.
        var output: [String]
        var isMarked: Bool
    }

    /// Chooses as `OutputChooser` does, and throws as it.
    private func place(
        _ plan: SitePlan, directory: [String], of request: BuildRequest
    ) async throws(PlatformError) -> Place {
        var first: Place?
        for candidate in plan.candidates {
            let output = OutputChooser.parts(candidate)
            let folder = directory + output
            let entries = try await repository.entries(
                of: folder.joined(separator: "/"), commit: request.commit, app: request.app.id)
            guard let entries else { continue }
            var place = Place(path: OutputChooser.text(folder), output: output, isMarked: false)
            place.isMarked = entries.contains(plan.marker)
            if place.isMarked { return place }
            first = first ?? place
        }
        guard let first else { throw plan.missingFolder }
        return first
    }

    private func givesFilesToLFS(_ paths: [String], _ request: BuildRequest) async throws(PlatformError) -> Bool {
        for path in paths {
            let bytes = try await repository.file(
                path, commit: request.commit, app: request.app.id, limit: Self.attributesLimit)
            guard let bytes, !CheckoutCheck.givesFilesToLFS(bytes) else { return true }
        }
        return false
    }

    private func text(
        of kind: SiteRulesFile.Kind, in output: String, _ request: BuildRequest
    ) async throws(PlatformError) -> String {
        let path = (OutputChooser.parts(output) + [kind.rawValue]).joined(separator: "/")
        let bytes = try await repository.file(
            path, commit: request.commit, app: request.app.id, limit: SiteRulesFile.maximumBytes)
        return try SiteRulesFile.text(kind, bytes)
    }
}
