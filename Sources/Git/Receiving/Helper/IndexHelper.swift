import Foundation

/// Reads large packs in a process of its own, under limits of its own: what a hostile pack may still do to the libraries
/// that inflate and hash it, it does not do to the server.
public struct IndexHelper: Sendable {
    /// The program, which is started with the argument `index-pack`: berthd.
    public var program: String
    /// Packs of fewer bytes are read in the server as long as they keep to `bounds`: to start the program would take
    /// longer than to read them.
    public var leastBytes = 32 << 20
    /// What a pack may ask for that the server reads itself.
    public var bounds = ProcessBounds()
    /// Helpers at once; the packs of others wait.
    public var count = 2
    /// Bytes of memory that it may take.
    public var memoryBytes = 2 << 30
    /// Seconds of processor time that it may take beyond `ReceiveLimits.indexSeconds`.
    public var moreSeconds = 10
    /// Bytes of a file that it may write, beyond twice the pack and 64 an object.
    public var moreFileBytes = 1 << 30

    public init(program: String) { self.program = program }

    /// Has a pack read and checked, and tells `progress` how far that is. Blocks.
    func index(
        _ pack: LargePack, limits: ReceiveLimits, progress: PackProgress? = nil
    ) throws(GitError) -> IndexOrder.Answer {
        let order = IndexOrder(
            limits: limits, memoryBytes: memoryBytes, seconds: max(1, limits.indexSeconds + moreSeconds),
            moreFileBytes: moreFileBytes)
        guard let input = try? JSONEncoder().encode(order) else { throw Self.broken("it could not be told what to do") }
        // A moment more than indexing may take by its own clock.
        let (output, ending) = try SpawnedProcess.run(
            program, ["index-pack"], input: [UInt8](input), files: [pack.body, pack.index, pack.objects],
            seconds: max(1, limits.indexSeconds + 30)
        ) { ProgressLine.read($0, into: progress) }
        guard ending == .exited(0), let answer = try? JSONDecoder().decode(IndexOrder.Answer.self, from: Data(output))
        else { throw Self.broken("\(ending)") }
        if case .failed(let failure) = answer { throw failure.error }
        return answer
    }

    private static func broken(_ how: String) -> GitError {
        GitError(.refused, "the pack could not be read: the process that reads it ended (\(how))", operation: "index")
    }
}
