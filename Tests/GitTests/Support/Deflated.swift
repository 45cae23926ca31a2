@testable import Git

/// The zlib stream of `bytes`.
func deflated(_ bytes: [UInt8]) throws -> [UInt8] {
    try bytes.withUnsafeBytes { try ZlibDeflater.deflated($0) }
}
