/// How builds share the processors with all else on the machine.
public enum BuildPriority: String, Sendable, Hashable, CaseIterable {
    /// Whatever wakes takes the processor from a build at once. Builds have what others leave, and an eighth of the usual weight
    /// for as long as that is nothing.
    case idle
    /// An eighth of the usual weight, a quarter of what all instances have together: what wakes may wait until a build's turn is
    /// over.
    case low
}
