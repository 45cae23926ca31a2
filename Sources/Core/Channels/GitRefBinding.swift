/// Which branches a channel accepts: `branch:<name>` or `branch:*` (seed 000, "git_ref_binding format").
public enum GitRefBinding: Sendable, Hashable {
    case branch(BranchName)
    case anyBranch

    public init(_ text: String) throws(PlatformError) {
        let prefix = "branch:"
        guard text.utf8.starts(with: prefix.utf8) else {
            throw .invalid("git_ref_binding must be branch:<name> or branch:*")
        }
        let name = String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        if name == "*" {
            self = .anyBranch
            return
        }
        guard let branch = BranchName(name) else {
            throw .invalid(
                "git_ref_binding names \(NameFault.quoted(name)), which is not a valid branch name: "
                    + "git check-ref-format --branch says what is")
        }
        self = .branch(branch)
    }

    /// The wire form.
    public var description: String {
        switch self {
        case .branch(let name): "branch:\(name.rawValue)"
        case .anyBranch: "branch:*"
        }
    }

    public func accepts(_ branch: BranchName) -> Bool {
        switch self {
        case .branch(let name): name == branch
        case .anyBranch: true
        }
    }

    /// The branch that `HEAD` means in a deploy request.
    public var headBranch: BranchName {
        switch self {
        case .branch(let name): name
        case .anyBranch: .master
        }
    }
}
