import Core

/// An answer of the router's own: a status and a few plain sentences. Nothing of the inside is in it.
struct Page: Equatable, Sendable {
    let status: Int
    let reason: String
    /// Stable word for programs.
    let code: String
    let title: String
    let message: String
    /// Lines to be typed, shown as they are.
    var commands: [String] = []
    /// Value of `Retry-After`, seconds (RFC 9110 section 10.2.3).
    var retryAfter: Int?
    /// Value of `Allow` (RFC 9110 section 10.2.1).
    var allows: String?

    static let unknownHost = Page(
        status: 404, reason: "Not Found", code: "unknown_host", title: "No such site",
        message: "Nothing is published under this name on this server.")

    static let notFound = Page(
        status: 404, reason: "Not Found", code: "not_found", title: "Page not found",
        message: "This site has no page at this address.")

    static let misdirected = Page(
        status: 421, reason: "Misdirected Request", code: "misdirected_request", title: "Wrong connection",
        message: "This connection was opened for another name. Please ask again on a new one.")

    static let tooBusy = Page(
        status: 503, reason: "Service Unavailable", code: "too_busy", title: "Too many requests at once",
        message: "This app has as many open requests as it may have. Please try again shortly.", retryAfter: 1)

    static let methodNotAllowed = Page(
        status: 405, reason: "Method Not Allowed", code: "method_not_allowed", title: "Method not allowed",
        message: "This site has files only; they can be read with GET and HEAD.", allows: "GET, HEAD")

    static let preconditionFailed = Page(
        status: 412, reason: "Precondition Failed", code: "precondition_failed", title: "The file has changed",
        message: "The file at this address is not in the state that the request asks for.")

    static let requestTimeout = Page(
        status: 408, reason: "Request Timeout", code: "request_timeout", title: "Request timed out",
        message: "The request did not arrive in time.")

    static let badGateway = Page(
        status: 502, reason: "Bad Gateway", code: "bad_gateway", title: "The app does not answer",
        message: "The app behind this address could not be reached, or its answer was not valid. Its log says more.")

    static let gatewayTimeout = Page(
        status: 504, reason: "Gateway Timeout", code: "gateway_timeout", title: "The app took too long",
        message: "The app behind this address did not answer in time.")

    static let tooManyWaiting = Page(
        status: 503, reason: "Service Unavailable", code: "too_busy", title: "Too many requests at once",
        message: "The app behind this address is starting, and as many requests wait for it as may. "
            + "Please try again shortly.", retryAfter: 2)

    static let didNotStart = Page(
        status: 503, reason: "Service Unavailable", code: "not_started", title: "The app did not start",
        message: "The app behind this address was stopped while nobody asked for it, and did not start when it was "
            + "asked for now. The next request tries again.", retryAfter: 5)

    static let switchedOff = Page(
        status: 503, reason: "Service Unavailable", code: "replaced", title: "The app was replaced",
        message: "The version of the app that had this request was stopped before it answered. Please try again.",
        retryAfter: 1)

    /// The word for the status that the API uses in its errors.
    var apiCode: String {
        switch status {
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 408: "request_timeout"
        case 502: "bad_gateway"
        case 503: "unavailable"
        case 504: "timeout"
        default: "bad_request"
        }
    }

    /// A request that broke a rule.
    static func refused(_ fault: HeadFault) -> Page {
        let reason =
            switch fault.status {
            case 405: "Method Not Allowed"
            case 413: "Content Too Large"
            case 414: "URI Too Long"
            case 417: "Expectation Failed"
            case 431: "Request Header Fields Too Large"
            case 505: "HTTP Version Not Supported"
            default: "Bad Request"
            }
        return Page(
            status: fault.status, reason: reason, code: "bad_request", title: "The request was refused",
            message: fault.explanation)
    }
}

extension Page {
    init(_ fault: UpstreamFault) {
        switch fault {
        case .timedOut: self = .gatewayTimeout
        case .notConnected(let error): self = error.isConnectTimeout ? .gatewayTimeout : .badGateway
        case .cut: self = .switchedOff
        case .closedSilently, .invalidResponse, .truncated: self = .badGateway
        }
    }

    init(_ placeholder: RouteTarget.Placeholder) {
        switch placeholder {
        case .awaitingFirstDeploy(let repositoryURL):
            // 404 and not 503: nothing is broken and nothing gets better by waiting. A 503 would set off monitors and make
            // crawlers come back for a page that never was.
            self = Page(
                status: 404, reason: "Not Found", code: "awaiting_first_deploy", title: "Nothing here yet",
                message: "This app has been made, and nothing has been deployed to it. To deploy a repository:",
                commands: ["git remote add berth \(repositoryURL)", "git push berth HEAD:master"])
        case .worker:
            self = Page(
                status: 200, reason: "OK", code: "worker", title: "A worker runs here",
                message: "This channel runs a process that answers no requests. There is nothing to see under its name."
            )
        case .switching:
            self = Page(
                status: 503, reason: "Service Unavailable", code: "switching", title: "The app is being replaced",
                message: "The new version did not become ready in time for this request. Please try again shortly.",
                retryAfter: 2)
        case .asleep:
            self = Page(
                status: 504, reason: "Gateway Timeout", code: "starting", title: "The app is starting",
                message:
                    "The app behind this address was stopped while nobody asked for it, and did not become ready in "
                    + "time for this request. Please try again shortly.", retryAfter: 2)
        case .starting:
            self = Page(
                status: 503, reason: "Service Unavailable", code: "starting", title: "The app is starting",
                message: "The app behind this address is not running at this moment. Please try again shortly.",
                retryAfter: 5)
        case .suspended:
            self = Page(
                status: 503, reason: "Service Unavailable", code: "suspended", title: "The app has been stopped",
                message: "The app behind this address has used up its room on the disk and was stopped. "
                    + "It starts again when there is room.", retryAfter: 60)
        }
    }
}
