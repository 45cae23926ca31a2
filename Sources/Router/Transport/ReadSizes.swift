/// How much a channel reads at once: little at first, more while a body keeps filling the buffer, little again afterwards.
struct ReadSizes {
    static let minimum = 1024
    static let maximum = minimum << (shift * (classes - 1))
    /// How many sizes there are, each four times the one before.
    static let classes = 6
    private static let shift = 2

    private(set) var sizeClass = 0
    private var wasLow = false

    var size: Int { Self.minimum << (Self.shift * sizeClass) }

    /// Far less than a large buffer has room for.
    func isLittle(_ count: Int) -> Bool { sizeClass >= 3 && count <= size >> (Self.shift + 1) }

    /// What a read has brought.
    mutating func record(_ count: Int) {
        if count >= size {
            if sizeClass < Self.classes - 1 { sizeClass += 1 }
            wasLow = false
        } else if count <= size >> (Self.shift + 1), sizeClass > 0 {
            // Once may be the end of a burst.
            if wasLow { sizeClass -= 1 }
            wasLow.toggle()
        } else {
            wasLow = false
        }
    }
}
