import NIOCore

/// Answers that come from another server over https, as a site's `_redirects` says.
extension FrontHandler {
    func answer(_ head: RequestHead, fromOrigin url: String) {
        guard let origin = Origin(url) else { return answer(head, with: .badGateway) }
        phase = .answering
        // What is known at once is told within this call, by a loop that goes on to the next request itself.
        var isLater = false
        worker.origins.upstream(origin).assumeIsolated().whenComplete { result in
            guard self.phase == .answering else { return }
            self.phase = .head
            switch result {
            case .success(let upstream):
                upstream.requests.begin()
                self.beginExchange(
                    head, upstream, rewritten: .init(target: origin.target, host: origin.authority))
                self.flushIfNeeded()
                self.upstream?.flushIfNeeded()
            case .failure:
                self.answer(head, with: .badGateway)
                if isLater { self.readHeads() }
            }
        }
        isLater = true
    }
}
