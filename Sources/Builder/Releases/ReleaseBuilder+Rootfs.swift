import Core

/// What a build's containers, and later the app's, have around the repository's files.
extension ReleaseBuilder {
    struct Surroundings: Sendable {
        /// Absolute path on the host of what they see as `/`.
        var root: String
        /// The key of a file system of packages; `nil` for the host's own.
        var rootfs: String?
    }

    /// Makes what the plan names, once.
    func surroundings(_ plan: BuildPlan, log: any DeployLogSink) async throws(PlatformError) -> Surroundings {
        guard let packages = plan.packages else { return Surroundings(root: configuration.containerRoot) }
        guard let provider = rootfs else {
            throw PlatformError(.unavailable, "packages for templates cannot be installed here")
        }
        let rootfs = Rootfs(suite: try HostSuite.current(), packages: packages)
        return Surroundings(root: try await provider.prepare(rootfs, log: log), rootfs: rootfs.key)
    }

    /// Keys of the file systems that installed templates name. Throws `.unavailable` where that cannot be told.
    public func rootfsKeys() throws(PlatformError) -> Set<String> {
        let lists = catalog.templates.compactMap(\.packages)
        guard !lists.isEmpty else { return [] }
        let suite = try HostSuite.current()
        return Set(lists.map { Rootfs(suite: suite, packages: $0).key })
    }

    func configuration(in surroundings: Surroundings) -> BuilderConfiguration {
        var configuration = configuration
        configuration.containerRoot = surroundings.root
        return configuration
    }
}
