@testable import Runner

extension ControlGroups {
    /// What the group may have of the processors, in thousandths of one; `nil` where that is not limited.
    func milliCPU(of path: String) -> Int? {
        let folder = version == .v2 ? "\(root)\(path)" : "\(root)/cpu\(path)"
        let files = version == .v2 ? ["cpu.max"] : ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
        let text = files.map { HostFiles.text("\(folder)/\($0)") ?? "" }.joined(separator: " ")
        let numbers = text.split { " \n".contains($0) }.compactMap { Int($0) }
        guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
        return numbers[0] * 1000 / numbers[1]
    }
}
