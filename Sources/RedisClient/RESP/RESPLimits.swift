/// How much of one value is taken before the other side is believed to be broken or hostile.
public struct RESPLimits: Sendable {
    /// Bytes of a line: of a number, a short text or an error.
    public var maxLine = 4096
    /// Bytes of all strings of one value together.
    public var maxBytes = 4 << 20
    /// The elements of all arrays of one value together.
    public var maxElements = 1024
    public var maxDepth = 8

    public init() {}
}
