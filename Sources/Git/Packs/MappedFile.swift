import Glibc

/// A file's bytes, mapped for reading.
///
/// Unchecked: the mapping is never written to and lives as long as the object, so any thread may read it.
final class MappedFile: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    /// Maps a whole file. It must not shrink while it is mapped; git never changes a pack in place.
    init(_ path: String) throws(GitError) {
        let descriptor = try OwnedDescriptor(path, flags: O_RDONLY)
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw LibGit2.systemError("fstat") }
        let size = Int(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG, size > 0 else {
            throw GitError(.library(-1), "not a file with content", operation: "mmap")
        }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor.number, 0), base != MAP_FAILED else {
            throw LibGit2.systemError("mmap")
        }
        bytes = UnsafeRawBufferPointer(start: base, count: size)
    }

    deinit {
        if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
    }

    /// Takes the pages of a range out of the process's memory: they were read and are not needed soon. Whoever reads them
    /// again gets them from the system's cache.
    func release(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound == bytes.count ? range.upperBound : range.upperBound / page * page
        guard start < end, let base = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }
}
