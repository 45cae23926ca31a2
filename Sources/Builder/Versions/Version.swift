/// A version of three numbers, as `node --version` prints it.
struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
    var major: Int
    var minor = 0
    var patch = 0

    var description: String { "\(major).\(minor).\(patch)" }

    static func < (left: Version, right: Version) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// The first version in a program's output: `v20.11.1`, `Python 3.11.2`. `nil` when there is none.
    static func first(in output: String) -> Version? {
        for word in output.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            guard let partial = PartialVersion(word), let version = partial.lowest, partial.minor != nil else {
                continue
            }
            return version
        }
        return nil
    }
}

/// A version of which parts may be left out: `20`, `20.x`, `v20.11`, `*`. What follows `-` or `+` does not count.
struct PartialVersion {
    var major: Int?
    var minor: Int?
    var patch: Int?

    init?(_ text: some StringProtocol) {
        let number = text.drop { $0 == "v" || $0 == "=" }.prefix { $0 != "-" && $0 != "+" }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count) else { return nil }
        var values: [Int?] = []
        for part in parts {
            if ["x", "X", "*"].contains(part) {
                values.append(nil)
                continue
            }
            // More digits than any version has would not fit a number.
            guard (1...9).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = Int(part)
            else { return nil }
            // After an x nothing counts any more.
            values.append(values.contains(nil) ? nil : value)
        }
        (major, minor, patch) = (values[0], values.count > 1 ? values[1] : nil, values.count > 2 ? values[2] : nil)
    }

    /// With 0 for what was left out; `nil` for `*`.
    var lowest: Version? { major.map { Version(major: $0, minor: minor ?? 0, patch: patch ?? 0) } }

    /// The first version that is beyond all that this stands for; `nil` for `*`.
    var next: Version? {
        guard let major else { return nil }
        guard let minor else { return Version(major: major + 1) }
        guard let patch else { return Version(major: major, minor: minor + 1) }
        return Version(major: major, minor: minor, patch: patch + 1)
    }
}
