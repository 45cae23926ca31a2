import Core
import NIOCore
import NIOPosix

/// Sending what a service has left to the router.
extension FrontHandler {
    /// Sends the body of the response whose head is written. The upstream connection is somebody else's by now.
    func sendHanded(_ body: HandedBody) {
        upstream = nil
        phase = .answering
        disarm()
        let pieces = body.parts.map { part -> SitePiece in
            switch part {
            case .bytes(let bytes): .bytes(ByteBuffer(bytes: bytes))
            case .file(let range): .file(range)
            }
        }
        // What stands between parts of the file would go out as packets of a few bytes.
        holdsBackPartialPackets(true)
        let isSending = NIOLoopBoundBox(true, eventLoop: worker.eventLoop)
        let front = NIOLoopBound(self, eventLoop: worker.eventLoop)
        body.stop.onStop { [loop = worker.eventLoop] in
            loop.execute { if isSending.value { front.value.abort() } }
        }
        let released = { [owner = body.owner] in
            isSending.value = false
            body.stop.onStop(nil)
            self.holdsBackPartialPackets(false)
            withExtendedLifetime(owner) {}
        }
        sendFile(body.descriptor, pieces, released: released, finished: { self.responseEnded() })
        flushIfNeeded()
    }

    private func holdsBackPartialPackets(_ isOn: Bool) {
        if sendsFiles { channel?.holdBackPartialPackets(isOn) }
    }
}
