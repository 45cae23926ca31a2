import Configuration

/// Settings that came as text, from flags or variables: numbers are read from it when asked for.
struct TextProvider: ConfigProvider {
    let providerName: String
    private let values: [AbsoluteConfigKey: ConfigValue]

    init(name: String, values: [AbsoluteConfigKey: ConfigValue]) {
        providerName = name
        self.values = values
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let encodedKey = key.components.joined(separator: ".")
        guard let value = values[AbsoluteConfigKey(key.components)], case .string(let text) = value.content else {
            return LookupResult(encodedKey: encodedKey, value: nil)
        }
        let content: ConfigContent
        switch type {
        case .int:
            guard let number = Int(text) else { throw ConfigurationMistake(encodedKey, "must be a whole number") }
            content = .int(number)
        default: content = .string(text)
        }
        return LookupResult(encodedKey: encodedKey, value: ConfigValue(content, isSecret: value.isSecret))
    }

    func fetchValue(forKey key: AbsoluteConfigKey, type: ConfigType) async throws -> LookupResult {
        try value(forKey: key, type: type)
    }

    func watchValue<Return: ~Copyable>(
        forKey key: AbsoluteConfigKey, type: ConfigType,
        updatesHandler: (
            _ updates: ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
        ) async throws -> Return
    ) async throws -> Return {
        try await watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
    }

    func snapshot() -> any ConfigSnapshot { Snapshot(provider: self) }

    func watchSnapshot<Return: ~Copyable>(
        updatesHandler: (_ updates: ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>) async throws -> Return
    ) async throws -> Return {
        try await watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
    }

    private struct Snapshot: ConfigSnapshot {
        let provider: TextProvider
        var providerName: String { provider.providerName }

        func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
            try provider.value(forKey: key, type: type)
        }
    }
}
