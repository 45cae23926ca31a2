/// Tells what all apps of a user take on the disk together, bytes, as it was counted last; `nil` where nobody has counted.
public typealias UserDiskSource = @Sendable (ID<User>) -> Int?
