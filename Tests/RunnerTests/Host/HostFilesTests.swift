import Foundation
import Testing

@testable import Runner

@Suite struct HostFilesTests {
    /// The kernel gives a page at a time of files that have no size: a table of mounts or of kernel symbols is longer.
    @Test func `files of the kernel are read to their end`() throws {
        let text = try #require(HostFiles.text("/proc/kallsyms"))
        #expect(text.utf8.count > 100_000)
        #expect(text.hasSuffix("\n"))
    }

    @Test func `a file that is not there has no text`() {
        #expect(HostFiles.text("/proc/no-such-file") == nil)
    }
}
