public import Foundation

/// Which server something comes from, and since when it counts.
public struct NodeIdentity: Hashable, Sendable {
    /// 1 to 1023. No two living servers of one database have the same.
    public var number: UInt16
    /// New at each start, and after each lost lease.
    public var epoch: UUID

    public init(number: UInt16, epoch: UUID) {
        self.number = number
        self.epoch = epoch
    }
}
