/// What the headers of a commit and of a tag must be (git's `fsck_commit` and `fsck_tag`), and what they refer to.
struct HeaderRules {
    private let bytes: UnsafeRawBufferPointer
    private let kind: String
    private let id: ObjectID
    private var position = 0

    /// Checks a commit and names its tree and then its parents.
    static func checkCommit(
        _ bytes: UnsafeRawBufferPointer, id: ObjectID, _ body: (ObjectID, ObjectKind) throws(GitError) -> Void
    ) throws(GitError) {
        var rules = HeaderRules(bytes: bytes, kind: "commit", id: id)
        try rules.checkShape()
        guard rules.skip("tree ") else { throw rules.refusal(.missingTree, "it does not begin with a tree") }
        try body(rules.objectID(.badTreeSha1), .tree)
        while rules.skip("parent ") { try body(rules.objectID(.badParentSha1), .commit) }
        guard rules.skip("author ") else { throw rules.refusal(.missingAuthor, "it has no author") }
        try rules.checkIdentity("author")
        guard !rules.skip("author ") else { throw rules.refusal(.multipleAuthors, "it has more than one author") }
        guard rules.skip("committer ") else { throw rules.refusal(.missingCommitter, "it has no committer") }
        try rules.checkIdentity("committer")
        guard !bytes.contains(0) else { throw rules.refusal(.nulInCommit, "its message has a zero byte") }
    }

    /// Checks a tag and names what it is of.
    static func checkTag(
        _ bytes: UnsafeRawBufferPointer, id: ObjectID, _ body: (ObjectID, ObjectKind) throws(GitError) -> Void
    ) throws(GitError) {
        var rules = HeaderRules(bytes: bytes, kind: "tag", id: id)
        try rules.checkShape()
        guard rules.skip("object ") else { throw rules.refusal(.missingObject, "it does not begin with an object") }
        let target = try rules.objectID(.badObjectSha1)
        guard rules.skip("type ") else { throw rules.refusal(.missingTypeEntry, "it does not say of what type") }
        guard let type = rules.line() else { throw rules.refusal(.missingType, "it ends in its type") }
        guard let kind = ObjectKind(rawValue: String(decoding: type, as: UTF8.self)) else {
            throw rules.refusal(.badType, "it has an unknown type")
        }
        guard rules.skip("tag ") else { throw rules.refusal(.missingTagEntry, "it has no name") }
        guard let name = rules.line(), !name.isEmpty else { throw rules.refusal(.missingTag, "its name is empty") }
        // Git lets tags without a tagger pass: its own first ones had none.
        if rules.skip("tagger ") { try rules.checkIdentity("tagger") }
        try body(target, kind)
    }

    private init(bytes: UnsafeRawBufferPointer, kind: String, id: ObjectID) {
        self.bytes = bytes
        self.kind = kind
        self.id = id
    }

    private func refusal(_ rule: FsckRule, _ what: String) -> GitError { rule.refusal(kind, id, what) }

    /// The header ends in an empty line, or with the object after a whole line (`verify_headers`).
    private func checkShape() throws(GitError) {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == 0 { throw refusal(.nulInHeader, "its header has a zero byte") }
            if byte == UInt8(ascii: "\n"), previous == byte { return }
            previous = byte
        }
        guard previous == UInt8(ascii: "\n") else { throw refusal(.unterminatedHeader, "its header does not end") }
    }

    private mutating func skip(_ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard position + count <= bytes.count,
            bytes[position..<position + count].elementsEqual(UnsafeBufferPointer(start: prefix.utf8Start, count: count))
        else { return false }
        position += count
        return true
    }

    /// The rest of the line, and on to the next one.
    private mutating func line() -> Slice<UnsafeRawBufferPointer>? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { position = end + 1 }
        return bytes[position..<end]
    }

    private mutating func objectID(_ rule: FsckRule) throws(GitError) -> ObjectID {
        // Git reads a name in either case, but writes it in lower case only.
        guard let text = line(), let id = ObjectID(hex: text) else {
            throw refusal(rule, "a line does not name an object")
        }
        return id
    }

    /// `Name <mail> 1700000000 +0000` (`fsck_ident`).
    private mutating func checkIdentity(_ who: String) throws(GitError) {
        guard let line = line() else { throw refusal(.unterminatedHeader, "its header does not end") }
        var rest = line
        func isBracket(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") }
        if rest.first == UInt8(ascii: "<") { throw refusal(.missingNameBeforeEmail, "its \(who) has no name") }
        let name = rest.prefix { !isBracket($0) }
        rest = rest[name.endIndex...]
        if rest.first == UInt8(ascii: ">") { throw refusal(.badName, "its \(who)'s name has a bracket") }
        guard rest.first == UInt8(ascii: "<") else { throw refusal(.missingEmail, "its \(who) has no mail address") }
        guard name.last == UInt8(ascii: " ") else {
            throw refusal(.missingSpaceBeforeEmail, "its \(who)'s mail address follows the name without a space")
        }
        rest = rest.dropFirst()
        rest = rest[rest.prefix { !isBracket($0) }.endIndex...]
        guard rest.first == UInt8(ascii: ">") else {
            throw refusal(.badEmail, "its \(who)'s mail address is malformed")
        }
        rest = rest.dropFirst()
        guard rest.first == UInt8(ascii: " ") else {
            throw refusal(.missingSpaceBeforeDate, "its \(who)'s date follows without a space")
        }
        try checkDate(rest.dropFirst(), who)
    }

    private func checkDate(_ text: Slice<UnsafeRawBufferPointer>, _ who: String) throws(GitError) {
        let digits = text.prefix(while: Self.isDigit)
        let zone = text[digits.endIndex...]
        if digits.first == UInt8(ascii: "0"), digits.count > 1 {
            throw refusal(.zeroPaddedDate, "its \(who)'s date begins with a zero")
        }
        var seconds: Int64 = 0
        for digit in digits {
            let (tens, isOver) = seconds.multipliedReportingOverflow(by: 10)
            let (sum, isOverToo) = tens.addingReportingOverflow(Int64(digit - 0x30))
            guard !isOver, !isOverToo else { throw refusal(.badDateOverflow, "its \(who)'s date is too large") }
            seconds = sum
        }
        guard !digits.isEmpty, zone.first == UInt8(ascii: " ") else {
            throw refusal(.badDate, "its \(who)'s date is malformed")
        }
        let sign = zone.dropFirst().first
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), zone.count == 6,
            zone.dropFirst(2).allSatisfy(Self.isDigit)
        else { throw refusal(.badTimezone, "its \(who)'s time zone is malformed") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
