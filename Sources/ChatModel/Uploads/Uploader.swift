/// Who sends a file.
public struct Uploader: Sendable, Hashable {
    public let user: UserID
    /// Where from, as bytes that whoever shares an address shares.
    public let address: [UInt8]

    public init(user: UserID, address: [UInt8]) {
        self.user = user
        self.address = address
    }
}
