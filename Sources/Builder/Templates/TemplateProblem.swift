import Core

/// Something that is wrong with a template, and where.
public struct TemplateProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Path of the file as it was given.
    public let file: String
    /// From 1; `nil` when the problem is not at one place.
    public let line: Int?
    /// From 1.
    public let column: Int?
    /// What is wrong, without the place.
    public let message: String

    public init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `templates/node/template.yaml:3:5: unknown key "stpes"; did you mean "steps"?`
    public var description: String {
        let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(file)\(place): \(message)"
    }
}

/// Everything that is wrong with a template. Never empty.
public struct TemplateProblems: Error, Sendable, CustomStringConvertible {
    /// In the order of the file.
    public let problems: [TemplateProblem]

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
