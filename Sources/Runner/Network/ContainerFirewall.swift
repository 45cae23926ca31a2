import Core
import Logging

/// The firewall of one server's containers in the kernel: as its rules say, whatever else changes the host's firewall.
///
/// Rules count as loaded when the kernel lists what it lists of the same rules in a network namespace of their own, where
/// nobody else can have changed them. A listing that differs, and one that cannot be had, are damage alike.
actor ContainerFirewall {
    private let programs: ProgramPaths
    private let commands: HostCommands
    private let logger: Logger
    private let watch = FirewallWatch()
    private var rules: FirewallRules
    /// The kernel is to have them.
    private var isWanted = false
    /// The rules that the kernel was last seen with; `nil` while that is in doubt.
    private var loaded: FirewallRules?
    private var reference: (rules: FirewallRules, listing: String)?
    /// Changes follow one another: none is listed while another one is half made.
    private var lastChange: Task<Result<Void, PlatformError>, Never>?
    /// Looks at the kernel's rules that were asked for, and how many of them are answered.
    private var looks = (asked: 0, answered: 0)
    private var isMending = false

    /// Loads and looks in one change; another program may come in between.
    private static let attempts = 3
    /// Between changes that fail; doubled each time up to the second.
    private static let pauses = (first: Duration.milliseconds(50), longest: Duration.seconds(2))
    private static let referenceScript = """
        "$0" -f - && exec "$0" --stateless list table "$1" "$2"
        """

    init(rules: FirewallRules, programs: ProgramPaths, commands: HostCommands, logger: Logger) {
        self.rules = rules
        self.programs = programs
        self.commands = commands
        self.logger = logger
    }

    /// Loads the rules; from now on the kernel is to have them. Throws `.internal` when it has not after a few attempts.
    func load() async throws(PlatformError) {
        isWanted = true
        try await settle()
    }

    /// Changes the rules, in the kernel too when they are loaded. When that throws the change still stands: the next one,
    /// or the next look, tries again.
    func update(_ change: @Sendable (inout FirewallRules) -> Void) async throws(PlatformError) {
        change(&rules)
        guard isWanted, loaded != rules else { return }
        try await settle()
    }

    /// Lets an address out by the policy of builds. Until then it counts as an instance's.
    func admit(build address: String) async throws(PlatformError) {
        guard rules.tellsBuildsApart else { return }
        try await update { _ = $0.builds.insert(address) }
    }

    func dismiss(build address: String) async throws(PlatformError) {
        guard rules.builds.contains(address) else { return }
        try await update { _ = $0.builds.remove(address) }
    }

    /// Looks at what the kernel has and makes the rules anew where they are not what it was given, until it has them: another
    /// program may have loaded rules of its own with `flush ruleset` (nft(8)). Returns at once when that is being done
    /// already; it looks once more then.
    func mend() async {
        looks.asked += 1
        guard !isMending else { return }
        isMending = true
        defer { isMending = false }
        var pause = Self.pauses.first
        while isWanted, looks.answered < looks.asked {
            let asked = looks.asked
            do throws(PlatformError) {
                try await settle()
                looks.answered = asked
                pause = Self.pauses.first
            } catch {
                logger.error("firewall not made", metadata: ["error": "\(error)"])
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                pause = min(pause * 2, Self.pauses.longest)
            }
        }
    }

    /// Whether rules of the host's firewall, ours or others', were changed since the last call; `nil` when the kernel does
    /// not tell.
    nonisolated func hasChanged() -> Bool? { watch?.hasChanged() }

    /// Removes the rules from the kernel.
    func remove() async {
        isWanted = false
        _ = await lastChange?.value
        loaded = nil
        _ = try? await commands.run(programs.nft, ["-f", "-"], input: rules.removal)
    }

    /// Brings the kernel's rules to what they are to be, after the changes that were begun before.
    private func settle() async throws(PlatformError) {
        let before = lastChange
        let change = Task { () async -> Result<Void, PlatformError> in
            _ = await before?.value
            do throws(PlatformError) {
                try await self.loadWhatIsMissing()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        lastChange = change
        try await change.value.get()
    }

    private func loadWhatIsMissing() async throws(PlatformError) {
        var obstacle = PlatformError(.internal, "the firewall could not be made")
        for _ in 0..<Self.attempts where isWanted {
            let rules = rules
            let script = loaded.map { rules.script(after: $0) } ?? rules.script
            do throws(PlatformError) {
                async let expected = listing(expectedOf: rules)
                if !script.isEmpty { try await commands.succeed(programs.nft, ["-f", "-"], input: script) }
                let listed = await listing()
                if let listed, await listed == expected {
                    loaded = rules
                    return
                }
                obstacle = PlatformError(
                    .internal, "the firewall is not as it was made",
                    cause: "the table \(rules.table) is \(listed.map { String($0.prefix(2000)) } ?? "not there")")
            } catch {
                obstacle = error
            }
            if loaded != nil { logger.warning("firewall changed from outside, made again") }
            loaded = nil
        }
        if isWanted { throw obstacle }
    }

    /// The table as the kernel has it; `nil` when there is none.
    private func listing() async -> String? {
        let result = try? await commands.run(programs.nft, ["--stateless", "list", "table"] + tableWords)
        return result?.status == 0 ? result?.output : nil
    }

    /// What the kernel lists of rules that it has; `nil` when it cannot be asked.
    private func listing(expectedOf rules: FirewallRules) async -> String? {
        if let reference, reference.rules == rules { return reference.listing }
        let command = ["--net", "--", programs.shell, "-c", Self.referenceScript, programs.nft] + tableWords
        let result = try? await commands.run(programs.unshare, command, input: rules.script)
        guard let result, result.status == 0 else { return nil }
        reference = (rules, result.output)
        return result.output
    }

    private var tableWords: [String] { rules.table.split(separator: " ").map(String.init) }
}
