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
        try LibGit2.start(maximumObjectSize: order.limits.objectBytes)
        let repository = try Repository(directory: order.directory, lock: RepositoryLock.ofOneUse())
        let pack = try PackReceiver.receive(
            PackStorage(path: order.body), store: repository.objects, packs: "\(order.directory)/objects/pack",
            limits: order.limits)
        if pack.isEmpty { return .nothingNew }
        let written = try pack.write(
            to: FileSystem.parent(of: order.body), body: order.body, store: repository.objects)
        return .indexed(name: written.name, objects: pack.count)
    }

    private static func limitItself(_ order: IndexOrder) {
        var status = stat()
        _ = stat(order.body, &status)
        let file = UInt(status.st_size)
        // The thin bases and the index come on top of what was pushed.
        _ = cgit2_limit_file_size(2 * file + UInt(order.limits.objects) * 64 + (1 << 30))
        _ = cgit2_limit_memory(UInt(order.memoryBytes))
        _ = cgit2_limit_processor(UInt(order.limits.indexSeconds) + 10)
        _ = cgit2_limit_files(1024)
        _ = cgit2_limit_core(0)
    }
}
