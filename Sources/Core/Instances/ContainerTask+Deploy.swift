extension ContainerTask {
    private static let mark = "build-"

    /// An id for a task of a deploy.
    /// - Parameter unique: letters and digits that no other task of the deploy has.
    public static func id(for deploy: ID<Deploy>, unique: some StringProtocol) -> String {
        "\(mark)\(deploy)-\(unique)"
    }

    /// The deploy whose task a container of this name runs, or ran; `nil` for another container.
    public static func deploy(inName name: String) -> ID<Deploy>? {
        guard let found = name.firstRange(of: mark) else { return nil }
        return ID(name[found.upperBound...].prefix(36))
    }
}
