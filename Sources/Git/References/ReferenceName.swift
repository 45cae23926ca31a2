import CGit2

/// The rules for names of refs that clients may make.
package enum ReferenceName {
    /// Our own bound; each part is a file's name and all of it a path.
    static let maximumLength = 1024

    /// Whether git takes the name (git-check-ref-format) and it lies at least two levels below the root, in `refs/`.
    package static func isValid(_ name: String) -> Bool {
        guard name.hasPrefix("refs/"), name.utf8.count <= maximumLength, !name.utf8.contains(0),
            name.utf8.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= 250 })
        else { return false }
        guard name.utf8.dropFirst(5).contains(UInt8(ascii: "/")) else { return false }
        var valid: Int32 = 0
        return git_reference_name_is_valid(&valid, name) == 0 && valid == 1
    }
}
