import Foundation

/// A /24 for the containers of one server that no other server of this machine's test runs has at the same time.
/// Held by a file lock, which ends with this process whatever happens.
final class SubnetLease: Sendable {
    /// `10.2NN.0.0/24`
    let subnet: String
    /// Its first address, the bridge's.
    let gateway: UInt32
    private let descriptor: Int32
    private let path: String

    init() throws {
        for number in 0..<56 {
            let path = "/tmp/berth-e2e-subnet-\(number).lock"
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                self.descriptor = descriptor
                self.path = path
                subnet = "10.\(200 + number).0.0/24"
                gateway = 10 << 24 | UInt32(200 + number) << 16 | 1
                return
            }
            close(descriptor)
        }
        throw DeadlineExceeded(description: "no free subnet")
    }

    deinit {
        unlink(path)
        close(descriptor)
    }
}
