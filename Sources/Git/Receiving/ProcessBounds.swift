/// What a pack may ask for while the server reads it itself, beside other packs. One that asks for more is no bad pack: a
/// helper reads it, from its start.
public struct ProcessBounds: Sendable, Hashable {
    /// Bytes of one object, also of those that a delta comes to: two at a time are in memory beside the kept ones.
    public var objectBytes = 16 << 20
    /// Objects in the pack, and those that it only names; some 100 bytes each.
    public var objects = 250_000
    /// Folders within folders; 8 bytes each.
    public var folders = 2_000_000

    public init() {}

    /// How the reading ends that is to begin anew elsewhere.
    static let exceeded = GitError(
        .tooLarge, "the pack is more than the server reads itself", operation: "hand over")

    static func check(_ count: Int, _ bound: Int?) throws(GitError) {
        if let bound, count > bound { throw exceeded }
    }
}
