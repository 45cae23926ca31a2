/// How builds share the processors with instances.
public enum BuildPriority: String, Sendable, Hashable, CaseIterable {
    /// An instance that wakes takes the processor from a build at once. Builds have what instances leave, and an eighth of an
    /// instance's weight for as long as that is nothing.
    case idle
    /// An eighth of an instance's weight: an instance that wakes may wait until a build's turn is over.
    case low
}
