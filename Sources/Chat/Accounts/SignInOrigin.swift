/// Where a user signs in from, as far as sessions and the queue for passwords need to know.
public struct SignInOrigin: Sendable {
    /// The bytes of an address.
    public var source: [UInt8]
    /// Whether this user signed in from there before.
    public var isKnown: Bool
    public var userAgent: String

    public init(source: [UInt8], isKnown: Bool, userAgent: String) {
        self.source = source
        self.isKnown = isKnown
        self.userAgent = userAgent
    }
}
