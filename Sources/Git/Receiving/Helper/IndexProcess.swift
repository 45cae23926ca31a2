import CGit2
import Foundation
import Glibc

/// The other side of `IndexHelper`: what `berthd index-pack` does.
public enum IndexProcess {
    /// Reads the order from standard input, does it and writes the answer to standard output. Returns the exit status.
    public static func run() -> Int32 {
        // Whoever asked is gone, so nobody wants to know.
        _ = cgit2_end_with_parent()
        guard
            let order = try? JSONDecoder().decode(IndexOrder.self, from: FileHandle.standardInput.readDataToEndOfFile())
        else { return 2 }
        limitItself(order)
        let answer: IndexOrder.Answer
        do throws(GitError) { answer = try perform(order) } catch { answer = .failed(IndexOrder.Failure(error)) }
        guard let bytes = try? JSONEncoder().encode(answer) else { return 3 }
        FileHandle.standardOutput.write(bytes)
        return 0
    }

    private static func perform(_ order: IndexOrder) throws(GitError) -> IndexOrder.Answer {
        // All that the library reads of the host, it reads now.
        try LibGit2.start(maximumObjectSize: order.limits.objectBytes)
        guard fchdir(IndexOrder.objects) == 0 else { throw LibGit2.systemError("fchdir") }
        try ProcessRights.drop()
        // The folder of objects, by whatever path that has now.
        let store = ObjectDatabase(folder: ".")
        let body = OpenFile(IndexOrder.body)
        let pack = try PackReceiver.receive(
            PackStorage(body), store: store, packs: "./pack", limits: order.limits,
            progress: ProgressLine.writer(to: STDOUT_FILENO))
        if pack.isEmpty { return .nothingNew }
        let trailer = try pack.write(to: body, index: OpenFile(IndexOrder.index), store: store)
        return .indexed(trailer: trailer.description, objects: pack.count)
    }

    private static func limitItself(_ order: IndexOrder) {
        var status = stat()
        _ = fstat(IndexOrder.body, &status)
        // The thin bases and the index come on top of what was pushed.
        let file = 2 * Int(status.st_size) + order.limits.objects * 64 + order.moreFileBytes
        _ = cgit2_limit_file_size(UInt(max(0, file)))
        _ = cgit2_limit_memory(UInt(max(0, order.memoryBytes)))
        _ = cgit2_limit_processor(UInt(max(0, order.seconds)))
        _ = cgit2_limit_files(1024)
        _ = cgit2_limit_core(0)
    }
}
