/// Whether a server may join those that run, and by which number. Pure.
public struct NodeAdmission: Sendable {
    static let numbers: ClosedRange<UInt16> = 1...1023
    public static let numberRange = Int(numbers.lowerBound)...Int(numbers.upperBound)

    public let node: NodeDescription
    /// The number that the operator chose.
    public let number: UInt16?
    /// The number that it had before. It is taken again if it is free.
    public let formerNumber: UInt16?

    public init(_ node: NodeDescription, number: UInt16? = nil, formerNumber: UInt16? = nil) {
        self.node = node
        self.number = number
        self.formerNumber = formerNumber
    }

    /// Why a server does not start, in one sentence.
    public struct Refusal: Error, Equatable, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// - Parameter records: All rows. The one of this server's own storage is its predecessor's, which is dead: no other
    ///   process has the storage.
    /// - Returns: The number.
    public func admit(among records: [NodeRecord]) throws(Refusal) -> UInt16 {
        let others = records.filter { $0.description.storage != node.storage }
        for other in others.filter(\.isAlive).sorted(by: { $0.identity.number < $1.identity.number }) {
            try compare(with: other)
        }
        return try choose(among: others)
    }

    private func compare(with other: NodeRecord) throws(Refusal) {
        let theirs = other.description
        let name = "server \(other.identity.number) (\(theirs.host))"
        guard let ours = node.secretChecks.first, let their = theirs.secretChecks.first,
            theirs.secretChecks.contains(ours), node.secretChecks.contains(their)
        else {
            throw Refusal("JWT_SECRET: \(name) of this database has another one; give all servers the same")
        }
        guard ReleaseDistance.isSmall(node.version, theirs.version) else {
            throw Refusal(
                "\(name) of this database runs Parley \(theirs.version), and \(node.version) works beside the release "
                    + "before it only")
        }
        guard node.sharesFiles else {
            let wait = (NodeTiming.death - other.silence).components.seconds + 1
            throw Refusal(
                "SHARED_STORAGE: \(name) runs on this database; set it to on where all servers have their files on one "
                    + "file system. If that server was killed, start again in \(wait) s")
        }
        guard theirs.sharesFiles else {
            throw Refusal("SHARED_STORAGE: \(name) of this database was started without it")
        }
        guard theirs.files == node.files else {
            throw Refusal("SHARED_STORAGE: STORAGE_DIR/uploads is not where \(name) keeps its files")
        }
    }

    private func choose(among others: [NodeRecord]) throws(Refusal) -> UInt16 {
        if let number {
            if let owner = others.first(where: { $0.isAlive && $0.identity.number == number }) {
                throw Refusal("NODE_NUMBER: \(number) is that of a running server (\(owner.description.host))")
            }
            return number
        }
        let taken = Set(others.map(\.identity.number))
        if let formerNumber, Self.numbers.contains(formerNumber), !taken.contains(formerNumber) { return formerNumber }
        guard let free = Self.numbers.first(where: { !taken.contains($0) }) else {
            throw Refusal("\(taken.count) servers run on this database; there is no number for one more")
        }
        return free
    }
}

/// How far two releases are from each other. The database's schema fits a release and the one before.
enum ReleaseDistance {
    static func isSmall(_ one: String, _ other: String) -> Bool {
        if one == other { return true }
        guard let one = Release(one), let other = Release(other) else { return false }
        if one.major == other.major { return abs(one.minor - other.minor) <= 1 }
        let (older, newer) = one.major < other.major ? (one, other) : (other, one)
        return newer.major == older.major + 1 && newer.minor == 0
    }

    private struct Release {
        var major: Int
        var minor: Int

        init?(_ text: String) {
            let numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
            guard numbers.count >= 2 else { return nil }
            (major, minor) = (numbers[0], numbers[1])
        }
    }
}
