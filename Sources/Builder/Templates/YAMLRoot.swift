import Yams

/// Reads a YAML text to its root node and puts what is wrong with it into words.
enum YAMLRoot {
    /// `nil` when it is not YAML, which is reported, or has no content.
    static func read(_ text: String, list: ProblemList) -> Node? {
        do {
            // Nothing here asks what type a text looks like. The library asks for each text of a key, with a dozen expressions.
            return try compose(yaml: text, .basic)
        } catch let error as YamlError {
            report(error, to: list)
        } catch {
            list.add("not YAML")
        }
        return nil
    }

    private static func report(_ error: YamlError, to list: ProblemList) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            list.add("not YAML: \(problem)", at: mark)
        case .duplicatedKeysInMapping(let duplicates, let context):
            list.add("the same key twice: \(duplicates.joined(separator: ", "))", at: context.mark)
        default:
            list.add("not YAML")
        }
    }
}
