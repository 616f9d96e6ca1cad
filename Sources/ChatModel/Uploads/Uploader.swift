/// Who sends a file, and from where.
public struct Uploader: Sendable, Hashable {
    public let user: UserID
    /// The address, as bytes: equal for all who share the address.
    public let address: [UInt8]

    public init(user: UserID, address: [UInt8]) {
        self.user = user
        self.address = address
    }
}
