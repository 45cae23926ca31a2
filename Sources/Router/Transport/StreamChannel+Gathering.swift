import CLinux
import Glibc

/// Reading a large body in large pieces: each read is a turn of the loop, and another one of whoever the body is for.
extension StreamChannel {
    /// Bytes that are to be there before the kernel tells of them (socket(7), SO_RCVLOWAT).
    static let gathered = 512 * 1024
    /// How many moments it may take until they are there,
    private static let longest = 10
    /// and how much is to come in each but the first, which may be short. What trickles is not waited for.
    private static let leastGrowth = 32 * 1024

    /// Lets what comes next gather, as long as it keeps coming (`LoopRecalls`). For one read: whoever wants more of it says so
    /// again when that has come.
    func gather() {
        guard state == .active else { return }
        if gathering == nil {
            guard (try? setOption0(SOL_SOCKET, SO_RCVLOWAT, CInt(Self.gathered))) != nil else { return }
        }
        gathering = Gathering()
        tellAgainSoon()
    }

    /// Whatever comes is told at once.
    func stopGathering() {
        guard gathering != nil else { return }
        gathering = nil
        try? setOption0(SOL_SOCKET, SO_RCVLOWAT, 1)
    }

    /// A moment has passed. What has come is read, although it is less, when little more came in that time.
    func readGathered() {
        guard let before = gathering else { return }
        let bytes = Int(clinux_readable_bytes(descriptor))
        let isEnough = bytes - before.bytes >= (before.moments == 0 ? 1 : Self.leastGrowth)
        if isEnough, before.moments < Self.longest {
            gathering = Gathering(bytes: bytes, moments: before.moments + 1)
            return tellAgainSoon()
        }
        stopGathering()
        isReadable = true
        readOnce()
    }

    /// What had come when it was last looked at.
    struct Gathering {
        var bytes = 0
        var moments = 0
    }
}
