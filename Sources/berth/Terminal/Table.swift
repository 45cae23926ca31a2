import Foundation

/// Columns of text, each as wide as its widest cell.
struct Table {
    private var rows: [[String]] = []

    init(_ heading: String...) { rows.append(heading) }

    mutating func add(_ cells: String...) { rows.append(cells) }

    var text: String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            return cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }.joined(separator: "\n")
    }
}
