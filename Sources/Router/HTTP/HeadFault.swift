/// Why a message is refused. Everything that two parsers could read differently is in here; such a message is never
/// repaired and never passed on.
enum HeadFault: Error, Equatable, Sendable, CaseIterable {
    case bareLineFeed
    case obsoleteFold
    case malformedFieldName
    case malformedFieldValue
    case tooManyFields
    case headTooLarge
    case requestLineTooLong
    case malformedRequestLine
    case malformedTarget
    case unsupportedVersion
    case refusedMethod
    case missingHost
    case repeatedHost
    case malformedHost
    case hostMismatch
    case malformedContentLength
    case repeatedContentLength
    case lengthAndTransferEncoding
    case unsupportedTransferEncoding
    case protectedFieldInConnection
    case unsupportedExpectation
    case malformedChunk
    case bodyTooLarge
    case malformedStatusLine

    /// The status that answers a request with this fault.
    var status: Int {
        switch self {
        case .requestLineTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .unsupportedVersion: 505
        case .refusedMethod: 405
        case .bodyTooLarge: 413
        case .unsupportedExpectation: 417
        default: 400
        }
    }

    /// One plain sentence for the page.
    var explanation: String {
        switch self {
        case .bareLineFeed: "A line of the request does not end with CR LF."
        case .obsoleteFold: "A header is folded over several lines."
        case .malformedFieldName: "A header name is malformed."
        case .malformedFieldValue: "A header holds a control character."
        case .tooManyFields: "The request has too many headers."
        case .headTooLarge: "The headers of the request are too large."
        case .requestLineTooLong: "The address in the request is too long."
        case .malformedRequestLine: "The first line of the request is malformed."
        case .malformedTarget: "The address in the request is malformed."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .refusedMethod: "This method is not available."
        case .missingHost: "The request has no Host header."
        case .repeatedHost: "The request has more than one Host header."
        case .malformedHost: "The Host header is malformed."
        case .hostMismatch: "The Host header and the address in the request name different hosts."
        case .malformedContentLength: "The Content-Length header is malformed."
        case .repeatedContentLength: "The request has more than one Content-Length header."
        case .lengthAndTransferEncoding: "The request has both Content-Length and Transfer-Encoding."
        case .unsupportedTransferEncoding: "The only transfer encoding taken here is chunked."
        case .protectedFieldInConnection: "The Connection header names a header that must reach the end."
        case .unsupportedExpectation: "The only expectation known here is 100-continue."
        case .malformedChunk: "The chunked body of the request is malformed."
        case .bodyTooLarge: "The body of the request is larger than this server takes."
        case .malformedStatusLine: "The status line is malformed."
        }
    }
}
