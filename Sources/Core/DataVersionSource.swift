/// A number that is another one after every commit to the stores than before it, so that what was read under one may be used
/// again under the same; `nil` where there is no such number. Cheap.
///
/// A commit of this process counts before its caller hears of it, one of another process a moment later.
public typealias DataVersionSource = @Sendable () -> Int64?
