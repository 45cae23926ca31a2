import NIOCore

/// One of many connections that share a channel, as its handler sees it: bytes of HTTP/1.1 in both directions.
protocol FrontStream: AnyObject {
    var isWritable: Bool { get }
    /// Bytes that wait for the client.
    var unsent: Int { get }
    /// Bytes of bodies that went on towards the client.
    var sent: Int { get }
    func write(_ buffer: ByteBuffer)
    /// The head of a response, taken apart already; its body follows as bytes of the same framing.
    /// - Parameter own: further lines, each with its line end.
    func write(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, own: [UInt8])
    /// A whole answer that was made before.
    /// - Parameter version: of the routes that it belongs to.
    func write(_ answer: PreparedAnswer, version: Int)
    func flush()
    /// The handler takes more.
    func resumeReading()
    /// Nothing more will be written.
    func closeOutput()
    /// Both directions end; what was written is still sent.
    func close()
    /// The client must see that something is missing.
    func abort()
}
