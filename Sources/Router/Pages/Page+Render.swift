import NIOCore

extension Page {
    /// The whole response.
    /// - Parameters:
    ///   - fields: lines with their ends, `Date` among them.
    ///   - requestID: said beside the API's errors.
    func render(
        _ format: PageFormat, includesBody: Bool, persistence: ResponseHeadWriter.Persistence, fields: [UInt8],
        requestID: String = ""
    ) -> ByteBuffer {
        let body = body(format)
        var out = ByteBufferAllocator().buffer(capacity: body.utf8.count + 320)
        out.writeString("HTTP/1.1 \(status) \(reason)\r\nContent-Type: \(format.mediaType)\r\n")
        out.writeString("Content-Length: \(body.utf8.count)\r\n")
        out.writeStaticString("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        if let retryAfter { out.writeString("Retry-After: \(retryAfter)\r\n") }
        if let allows { out.writeString("Allow: \(allows)\r\n") }
        if format == .envelope, !requestID.isEmpty { out.writeString("X-Request-Id: \(requestID)\r\n") }
        out.writeBytes(fields)
        switch persistence {
        case .close: out.writeStaticString("Connection: close\r\n")
        case .keepAlive: out.writeStaticString("Connection: keep-alive\r\n")
        case .implied, .upgrade: break
        }
        out.writeStaticString("\r\n")
        if includesBody { out.writeString(body) }
        return out
    }

    func body(_ format: PageFormat) -> String {
        switch format {
        case .envelope:
            return #"{"error":{"code":\#(Self.json(apiCode)),"message":\#(Self.json(message))}}"# + "\n"
        case .text:
            let lines = ["\(title).", "", message] + (commands.isEmpty ? [] : [""] + commands.map { "  \($0)" })
            return lines.joined(separator: "\n") + "\n"
        case .json:
            let list = commands.isEmpty ? "" : #","commands":[\#(commands.map(Self.json).joined(separator: ","))]"#
            return #"{"status":\#(status),"error":\#(Self.json(code)),"message":\#(Self.json(message))\#(list)}"# + "\n"
        case .html:
            let block =
                commands.isEmpty ? "" : "<pre>\(commands.map(Self.html).joined(separator: "\n"))</pre>\n"
            return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>\(Self.html(title))</title>
                <style>
                body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; }
                pre { overflow-x: auto; padding: 1rem; background: #8882; }
                small { opacity: .6; }
                :root { color-scheme: light dark; }
                </style>
                </head>
                <body>
                <h1>\(Self.html(title))</h1>
                <p>\(Self.html(message))</p>
                \(block)<p><small>\(status) \(Self.html(reason))</small></p>
                </body>
                </html>

                """
        }
    }

    private static func html(_ text: String) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    /// A JSON string (RFC 8259 section 7).
    private static func json(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension Error {
    /// The connection was not refused; there was no answer.
    var isConnectTimeout: Bool {
        if case .connectTimeout? = self as? ChannelError { return true }
        return false
    }
}
