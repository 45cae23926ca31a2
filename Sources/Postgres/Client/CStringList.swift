import Foundation

/// A list of C strings for the length of a call, ended by a null pointer. To be freed by hand.
struct CStringList {
    private(set) var pointers: [UnsafePointer<CChar>?]

    /// A `nil` among `strings` stays a null pointer.
    init(_ strings: [String?]) {
        pointers = strings.map { text in text.flatMap { strdup($0) }.map { UnsafePointer($0) } } + [nil]
    }

    mutating func free() {
        for pointer in pointers { Foundation.free(UnsafeMutablePointer(mutating: pointer)) }
        pointers = [nil]
    }
}
