/// The symbolic links of a tree, to find out whether any of them leads outside.
struct SymbolicLinks {
    private static let maximumSteps = 40
    static let maximumTargetBytes = 4095

    /// Targets by path below the root.
    private var targets: [[UInt8]: [UInt8]] = [:]

    var isEmpty: Bool { targets.isEmpty }

    mutating func add(_ path: [UInt8], target: [UInt8]) { targets[path] = target }

    /// The path of a link that leads out of the tree or in a circle, in byte order the first; `nil` when there is none.
    func firstEscaping() -> [UInt8]? {
        targets.keys.sorted { $0.lexicographicallyPrecedes($1) }.first { path in
            !staysInside(path)
        }
    }

    /// Follows the link as the kernel would, through other links of the tree. What does not exist is taken for a folder,
    /// so that a build may still make it.
    private func staysInside(_ path: [UInt8]) -> Bool {
        var place: [[UInt8]] = []
        var rest = Array(Self.parts(path).reversed())
        var steps = 0
        while let part = rest.popLast() {
            if part.isEmpty || part == Array(".".utf8) { continue }
            if part == Array("..".utf8) {
                guard place.popLast() != nil else { return false }
                continue
            }
            place.append(part)
            guard let target = targets[Array(place.joined(separator: [Self.slash]))] else { continue }
            steps += 1
            guard steps <= Self.maximumSteps, target.first != Self.slash, !target.isEmpty, !target.contains(0) else {
                return false
            }
            place.removeLast()
            rest += Self.parts(target).reversed()
        }
        return true
    }

    private static let slash = UInt8(ascii: "/")

    private static func parts(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: slash, omittingEmptySubsequences: false).map(Array.init)
    }
}
