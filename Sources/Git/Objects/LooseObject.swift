/// An object that lies in a file of its own, where another git program has left it (gitrepository-layout(5),
/// "objects/[0-9a-f][0-9a-f]"): one zlib stream of its kind, a space, its size, a zero byte and its content.
///
/// The library is not asked for these: it never comes back from a file that is cut off (libgit2 1.5).
enum LooseObject {
    /// More bytes than what stands before any content has.
    private static let headerLimit = 32
    /// Bytes that there is room for before any have come.
    private static let firstRoom = 1 << 20

    static func path(of id: ObjectID, in folder: String) -> String {
        let name = id.description
        return "\(folder)/\(name.prefix(2))/\(name.dropFirst(2))"
    }

    /// The kind and size in bytes of an object, `nil` when there is no such file.
    /// - Parameter folder: a repository's `objects`.
    static func header(of id: ObjectID, in folder: String) throws(GitError) -> (kind: ObjectKind, size: Int)? {
        guard let file = try file(of: id, in: folder) else { return nil }
        var inflater = try ZlibInflater()
        let beginning = try begin(id, file, &inflater)
        return (beginning.kind, beginning.size)
    }

    /// An object, `nil` when there is no such file. Memory grows with what comes.
    static func read(_ id: ObjectID, in folder: String) throws(GitError) -> PackReader.Content? {
        guard let file = try file(of: id, in: folder) else { return nil }
        var inflater = try ZlibInflater()
        let beginning = try begin(id, file, &inflater)
        let content = ObjectBytes(count: min(beginning.size, firstRoom))
        var (position, produced) = (beginning.consumed, beginning.content.count)
        guard produced <= content.count else { throw damaged(id) }
        try content.withMutableBytes { (output) throws(GitError) in output.copyBytes(from: beginning.content) }
        var isFinished = beginning.isFinished
        while !isFinished {
            if produced == content.count, produced < beginning.size {
                content.grow(to: min(beginning.size, 2 * content.count))
            }
            let step = try step(id, file, from: position, &inflater, into: content, at: produced)
            position += step.consumed
            produced += step.produced
            isFinished = step.isFinished
            guard isFinished || step.consumed > 0 || step.produced > 0 else { throw damaged(id) }
        }
        guard produced == beginning.size else { throw damaged(id) }
        return (beginning.kind, content)
    }

    private struct Beginning {
        let kind: ObjectKind
        let size: Int
        /// Bytes of the content that came along.
        let content: [UInt8]
        /// Bytes of the file that were taken.
        let consumed: Int
        let isFinished: Bool
    }

    private static func begin(
        _ id: ObjectID, _ file: MappedFile, _ inflater: inout ZlibInflater
    ) throws(GitError) -> Beginning {
        let room = ObjectBytes(count: headerLimit)
        let step = try step(id, file, from: 0, &inflater, into: room, at: 0)
        let bytes = try room.withBytes { (bytes) throws(GitError) in Array(bytes.prefix(step.produced)) }
        let parts = bytes.prefix { $0 != 0 }.split(
            separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        guard let end = bytes.firstIndex(of: 0), parts.count == 2,
            let kind = ObjectKind(rawValue: String(decoding: parts[0], as: UTF8.self)),
            parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let size = Int(String(decoding: parts[1], as: UTF8.self))
        else { throw damaged(id) }
        return Beginning(
            kind: kind, size: size, content: Array(bytes[(end + 1)...]), consumed: step.consumed,
            isFinished: step.isFinished)
    }

    private static func step(
        _ id: ObjectID, _ file: MappedFile, from position: Int, _ inflater: inout ZlibInflater,
        into content: ObjectBytes, at offset: Int
    ) throws(GitError) -> ZlibInflater.Step {
        let input = UnsafeRawBufferPointer(rebasing: file.bytes[position...])
        do throws(GitError) {
            return try content.withMutableBytes { (output) throws(GitError) in
                try inflater.step(input, into: UnsafeMutableRawBufferPointer(rebasing: output[offset...]))
            }
        } catch { throw damaged(id) }
    }

    private static func file(of id: ObjectID, in folder: String) throws(GitError) -> MappedFile? {
        do throws(GitError) { return try MappedFile(path(of: id, in: folder)) } catch {
            switch error.code {
            case .notFound: return nil
            // It is empty, or no file.
            case .library: throw damaged(id)
            default: throw error
            }
        }
    }

    private static func damaged(_ id: ObjectID) -> GitError {
        GitError(.library(-1), "the file of object \(id) is damaged", operation: "loose object")
    }
}
