import Core
import Glibc

/// A system call on the file system that failed.
struct FileError: Error, CustomStringConvertible {
    let operation: String
    let path: String
    let errno: Int32

    init(_ operation: String, _ path: String, errno code: Int32 = Glibc.errno) {
        self.operation = operation
        self.path = path
        errno = code
    }

    var description: String { "\(operation) \(path): \(String(cString: strerror(errno)))" }

    /// What a port throws: a full disk is said, anything else is a fault of ours.
    func platformError(_ what: String) -> PlatformError {
        switch errno {
        case ENOSPC, EDQUOT: PlatformError(.unavailable, "\(what): the server's disk is full", cause: description)
        default: PlatformError(.internal, what, cause: description)
        }
    }
}

extension PlatformError {
    /// What a port throws for an error of file work.
    static func ofFiles(_ what: String, _ error: any Error) -> PlatformError {
        if let error = error as? FileError { return error.platformError(what) }
        return .internal(what, cause: error)
    }
}
