/// What a `.gitattributes` file may be (git's `fsck_blob`, CVE-2022-23521).
enum AttributesRules {
    static let sizeLimit = 100 << 20
    private static let lineLimit = 2048

    static func check(_ bytes: UnsafeRawBufferPointer, id: ObjectID) throws(GitError) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            guard end - start < lineLimit else {
                throw FsckRule.gitattributesLineLength.refusal("blob", id, "a line has \(lineLimit) bytes or more")
            }
            start = end + 1
        }
    }
}
