import Core
import Crypto
import Foundation

/// The manifest of a plain commit, one with files and folders only, made from an earlier one and what has changed since.
struct SharedSite {
    private let plan: SitePlan
    /// The published folder from the repository's root.
    private let folder: [String]
    /// How many parts of it are above the folder that the plan is about.
    private let above: Int

    private(set) var records: [StaticSite.Name: SiteManifest.Record] = [:]
    /// The blobs of `_redirects` and `_headers` where they have changed.
    private(set) var rules: [SiteRulesFile.Kind: BlobID] = [:]
    private(set) var texts: [SiteRulesFile.Kind: String] = [:]
    /// Files that are to be described, by content.
    private(set) var changed: [BlobID: [StaticSite.Name]] = [:]
    /// `.gitattributes` that have changed, from the repository's root.
    private(set) var attributes: [String] = []

    /// - Parameters:
    ///   - directory: folder of the repository that the plan is about.
    ///   - output: the published folder below it.
    ///   - base: of the commit that the changes are from, with the same plan and folders.
    init(plan: SitePlan, directory: [String], output: [String], base: SiteManifest?) {
        self.plan = plan
        folder = directory + output
        above = directory.count
        guard let base else { return }
        records = base.records
        if !base.redirects.isEmpty { texts[.redirects] = base.redirects }
        if !base.headers.isEmpty { texts[.headers] = base.headers }
    }

    /// Takes the changes up. False when the commit has what has to be looked at on disk: links, submodules, names that are
    /// not UTF-8.
    mutating func apply(_ changes: [TreeChange]) -> Bool {
        for change in changes {
            guard let path = String(validating: change.path, as: UTF8.self) else { return false }
            switch change.entry {
            case .symlink?, .submodule?: return false
            case .file(let blob)?: apply(path, blob)
            case nil: apply(path, nil)
            }
        }
        return true
    }

    private mutating func apply(_ path: String, _ blob: BlobID?) {
        let parts = path.split(separator: "/").map(String.init)
        if blob != nil, parts.last == ".gitattributes" { attributes.append(path) }
        guard parts.count > folder.count, parts.starts(with: folder) else { return }
        let url = parts.dropFirst(folder.count).joined(separator: "/")
        let name = StaticSite.Name(url)
        if isExcluded(parts) { return }
        if let kind = SiteRulesFile.Kind(rawValue: url) {
            rules[kind] = blob
            if blob == nil { texts[kind] = nil }
            return
        }
        guard let blob else {
            records[name] = nil
            return
        }
        changed[blob, default: []].append(name)
    }

    private func isExcluded(_ parts: [String]) -> Bool {
        parts.indices.dropFirst(folder.count).contains { index in
            plan.isExcluded(name: parts[index], path: parts[above...index].joined(separator: "/"))
        }
    }

    mutating func set(_ kind: SiteRulesFile.Kind, _ text: String) { texts[kind] = text }

    /// Describes all names of a blob.
    mutating func describe(_ blob: BlobID, _ record: SiteManifest.Record) {
        for name in changed[blob] ?? [] {
            var record = record
            record.path = SharedContent.path(blob)
            if !TwinMaker.isCompressible(MediaType.of(name.text), size: record.size) {
                (record.brotli, record.gzip) = (nil, nil)
            }
            records[name] = record
        }
    }

    /// Whether some name of the blob is of a kind that is worth compressing.
    func isCompressible(_ blob: BlobID, size: Int) -> Bool {
        (changed[blob] ?? []).contains { TwinMaker.isCompressible(MediaType.of($0.text), size: size) }
    }
}

extension SitePlan {
    /// The same for plans that publish the same files of every commit.
    /// - Parameter directory: folder of the repository that the plan is about.
    func fingerprint(in directory: String?) throws(PlatformError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var plan = self
        plan.origin = nil
        do {
            let text = try encoder.encode(plan) + Data("\n\(directory ?? "")".utf8)
            return SHA256.hash(data: text).prefix(16).map { String(format: "%02x", $0) }.joined()
        } catch {
            throw .internal("the plan of a site could not be written", cause: error)
        }
    }
}

extension SiteManifest {
    /// A record and the name that it is under.
    struct Named: Sendable {
        var name: StaticSite.Name
        var record: Record
    }
}
