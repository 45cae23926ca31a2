/// Finds the word that was probably meant.
enum Spelling {
    /// The nearest of `words`, when it is near enough to be a slip: at most a third of its letters differ.
    static func suggestion(for text: String, among words: some Sequence<String>) -> String? {
        let near = words.map { (word: $0, distance: distance(Array(text.utf8), Array($0.utf8))) }
            .filter { $0.distance <= max(1, $0.word.utf8.count / 3) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        return near?.word
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard left.count <= 100, right.count <= 100 else { return .max }
        var rows = [Array(0...right.count)]
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
