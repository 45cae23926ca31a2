import Core
import Glibc

/// Makes the compressed twins of a site's files, kept beside the release under the hash of their content. Twins of content
/// that the previous release had are linked from there.
struct TwinMaker {
    /// Smaller files gain nothing: they fit in a packet or two as they are.
    static let minimumBytes = 1024
    static let maximumBytes = 8 << 20
    /// Bytes of new content that one build compresses; what is beyond is served as it is.
    static let budget = 256 << 20
    /// Larger files are compressed with less effort, so that no build waits long for one of them.
    private static let largeBytes = 1 << 20
    private static let effort = 9
    private static let lessEffort = 5

    /// One text to compress.
    struct Source {
        let tag: String
        let size: Int
        /// Parts below the published folder, none a symlink.
        let parts: [String]
    }

    /// Bytes of the twins of each tag; `nil` for one that is not worth keeping.
    typealias Sizes = [String: (brotli: Int?, gzip: Int?)]

    let brotli: BrotliProgram
    /// When there is more than this all files are compressed with less effort: a site's first deploy would wait for them three
    /// times as long, for a twentieth of their size.
    var muchBytes = 16 << 20

    static func isCompressible(_ mediaType: String, size: Int) -> Bool {
        guard (minimumBytes...maximumBytes).contains(size) else { return false }
        let type = mediaType.prefix { $0 != ";" }
        if type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml") { return true }
        return [
            "application/json", "application/xml", "application/yaml", "application/wasm", "application/rtf",
            "application/vnd.ms-fontobject", "font/ttf", "font/otf", "image/bmp", "image/vnd.microsoft.icon",
            "model/gltf+json",
        ].contains(String(type))
    }

    /// Blocks. Returns the twins, and how many of their files are new.
    /// - Parameters:
    ///   - root: the published folder.
    ///   - folder: absolute path of the new release's folder of twins, which is made.
    ///   - previous: the same of the previous release, when there is one.
    ///   - known: twins that the previous release has.
    func make(
        _ sources: [Source], root: borrowing FolderHandle, folder: String, previous: String?, known: Sizes
    ) throws(FileError) -> (sizes: Sizes, newFiles: Int) {
        guard !sources.isEmpty else { return ([:], 0) }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw FileError("make folder", folder) }
        let target = try FolderHandle(path: folder)
        var sizes: Sizes = [:]
        var fresh: [Source] = []
        var bytes = 0
        for source in sources where sizes[source.tag] == nil {
            if let old = known[source.tag], let previous, Self.link(source.tag, old, from: previous, into: target) {
                sizes[source.tag] = old
            } else if bytes + source.size <= Self.budget {
                sizes[source.tag] = (nil, nil)
                bytes += source.size
                fresh.append(source)
            }
        }
        let newFiles = try compress(fresh, root: root, target: target, folder: folder, &sizes)
        return (sizes, newFiles)
    }

    private static func link(
        _ tag: String, _ sizes: (brotli: Int?, gzip: Int?), from previous: String, into target: borrowing FolderHandle
    ) -> Bool {
        var linked: [String] = []
        for (size, suffix) in [(sizes.brotli, "br"), (sizes.gzip, "gz")] where size != nil {
            let name = "\(tag).\(suffix)"
            guard linkat(AT_FDCWD, "\(previous)/\(name)", target.descriptor, name, 0) == 0 || errno == EEXIST else {
                // Both are made anew, and what is written over must not be the previous release's.
                for name in linked { unlinkat(target.descriptor, name, 0) }
                return false
            }
            linked.append(name)
        }
        return true
    }

    private func compress(
        _ sources: [Source], root: borrowing FolderHandle, target: borrowing FolderHandle, folder: String,
        _ sizes: inout Sizes
    ) throws(FileError) -> Int {
        let isMuch = sources.reduce(0) { $0 + $1.size } > muchBytes
        let isLarge = { (source: Source) in isMuch || source.size > Self.largeBytes }
        var newFiles = 0
        for (part, quality) in [
            (sources.filter { !isLarge($0) }, Self.effort), (sources.filter(isLarge), Self.lessEffort),
        ] {
            for start in stride(from: 0, to: part.count, by: BrotliProgram.batch) {
                let batch = Array(part[start..<min(start + BrotliProgram.batch, part.count)])
                newFiles += try compress(
                    batch, quality: quality, root: root, target: target, folder: folder, &sizes)
            }
        }
        return newFiles
    }

    /// In both ways at once: Brotli by a process of its own, gzip here.
    private func compress(
        _ batch: [Source], quality: Int, root: borrowing FolderHandle, target: borrowing FolderHandle, folder: String,
        _ sizes: inout Sizes
    ) throws(FileError) -> Int {
        // The program reads names: each file gets one of ours for the time, which cannot lead elsewhere.
        var linked: [String] = []
        defer { for name in linked { unlinkat(target.descriptor, name, 0) } }
        for source in batch where brotli.path != nil {
            let parent = try root.folder(source.parts.dropLast())
            let isLinked = linkat(parent.descriptor, source.parts.last ?? "", target.descriptor, source.tag, 0) == 0
            if isLinked { linked.append(source.tag) }
        }
        let work = linked.isEmpty ? nil : brotli.start(linked, in: folder, quality: quality)
        var gzipSizes: [Int?] = []
        do throws(FileError) {
            for source in batch { gzipSizes.append(try gzip(source, root: root, target: target)) }
        } catch {
            _ = work?.wait()
            throw error
        }
        let isWhole = work?.wait() ?? false
        var newFiles = 0
        for (source, gzipSize) in zip(batch, gzipSizes) {
            let brotliSize = isWhole ? Self.keptSize("\(source.tag).br", source, target) : nil
            if brotliSize == nil { unlinkat(target.descriptor, "\(source.tag).br", 0) }
            sizes[source.tag] = (brotliSize, gzipSize)
            newFiles += (brotliSize == nil ? 0 : 1) + (gzipSize == nil ? 0 : 1)
        }
        return newFiles
    }

    /// The size of a twin that saves at least a tenth.
    private static func keptSize(_ name: String, _ source: Source, _ target: borrowing FolderHandle) -> Int? {
        guard let status = try? target.status(FileName(name)), status.kind == .file, status.size > 0,
            status.size <= limit(source.size)
        else { return nil }
        return status.size
    }

    private static func limit(_ size: Int) -> Int { size - size / 10 }

    private func gzip(
        _ source: Source, root: borrowing FolderHandle, target: borrowing FolderHandle
    ) throws(FileError) -> Int? {
        let file = try root.folder(source.parts.dropLast()).file(FileName(source.parts.last ?? ""))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.size)
        try file.read { if bytes.count <= Self.maximumBytes { bytes.append(contentsOf: $0) } }
        guard let encoded = GzipEncoder.encode(bytes, limit: Self.limit(source.size)) else { return nil }
        try SmallFile.create(encoded, name: "\(source.tag).gz", in: target)
        return encoded.count
    }
}
