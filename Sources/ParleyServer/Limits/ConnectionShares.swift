import Synchronization

/// Counts the connections of each address, so that no address can keep others out by connections alone.
final class ConnectionShares: Sendable {
    /// One connection of an address. It is given back when the last reference is gone.
    final class Share: Sendable {
        private let shares: ConnectionShares
        private let address: ClientAddress

        fileprivate init(_ shares: ConnectionShares, _ address: ClientAddress) {
            self.shares = shares
            self.address = address
        }

        deinit { shares.giveBack(address) }
    }

    /// The most connections of one address.
    let limit: Int
    private let counts = Mutex<[ClientAddress: Int]>([:])

    init(limit: Int) { self.limit = limit }

    /// - Returns: nil where the address has as many as it may.
    func take(_ address: ClientAddress) -> Share? {
        let isTaken = counts.withLock { counts in
            let count = counts[address, default: 0]
            guard count < limit else { return false }
            counts[address] = count + 1
            return true
        }
        return isTaken ? Share(self, address) : nil
    }

    private func giveBack(_ address: ClientAddress) {
        counts.withLock { counts in
            guard let count = counts[address] else { return }
            counts[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Connections that are counted now.
    var count: Int { counts.withLock { $0.values.reduce(0, +) } }
}
