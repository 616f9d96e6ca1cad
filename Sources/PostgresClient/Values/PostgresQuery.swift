/// SQL with its parameters, written as a string literal in which an interpolated value *is* a parameter:
///
///     "SELECT name FROM users WHERE id = \(id)"      // SELECT name FROM users WHERE id = $1
///
/// Text that becomes part of the SQL itself must be written as `\(unescaped: …)`. It must never come from outside. A
/// statement is prepared once per connection and distinct text, so keep texts few and values in parameters.
public struct PostgresQuery: Sendable, ExpressibleByStringInterpolation {
    public private(set) var sql: String
    private(set) var types: [UInt32] = []
    /// Each parameter's range in `bytes`. nil is NULL.
    private(set) var ranges: [Range<Int>?] = []
    /// All parameters in order, in binary format.
    private(set) var bytes: [UInt8] = []
    private var refusal: String?

    public init(stringLiteral value: String) { sql = value }

    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.query }

    /// SQL without parameters. The text must never come from outside.
    public init(unescaped sql: String) { self.sql = sql }

    /// Adds the next parameter (`$1`, `$2`, … in order of binding), for SQL that numbers them itself.
    public mutating func bind<T: PostgresEncodable>(_ value: T) {
        let start = bytes.count
        var writer = PostgresWriter(bytes: bytes)
        bytes = []  // One owner, so the writer appends in place.
        value.encode(into: &writer)
        bytes = writer.bytes
        types.append(T.postgresType.oid)
        ranges.append(writer.isNull ? nil : start..<bytes.count)
        refusal = refusal ?? writer.refusal
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var query = PostgresQuery(unescaped: "")

        public init(literalCapacity: Int, interpolationCount: Int) {
            query.sql.reserveCapacity(literalCapacity + 4 * interpolationCount)
            query.types.reserveCapacity(interpolationCount)
            query.ranges.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { query.sql += literal }

        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T) {
            query.bind(value)
            query.sql += "$\(query.types.count)"
        }

        /// The same for an optional. Without this overload the compiler would warn about a debug description.
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T?) {
            query.bind(value)
            query.sql += "$\(query.types.count)"
        }

        /// Inserts a fragment, with its parameters renumbered to follow those before it.
        public mutating func appendInterpolation(_ fragment: PostgresQuery) { query.append(fragment) }

        public mutating func appendInterpolation(unescaped sql: String) { query.sql += sql }
    }

    /// Inserts another query's text. Its `$1` becomes the next free number. So `$` before a digit means a parameter in
    /// every fragment, even within quotes.
    private mutating func append(_ fragment: PostgresQuery) {
        sql += fragment.types.isEmpty || types.isEmpty ? fragment.sql : Self.renumbered(fragment.sql, by: types.count)
        types += fragment.types
        let start = bytes.count
        ranges += fragment.ranges.map { range in range.map { $0.lowerBound + start..<$0.upperBound + start } }
        bytes += fragment.bytes
        refusal = refusal ?? fragment.refusal
    }

    /// Byte by byte, because most queries are made of fragments: a regular expression took longer than all else that a page
    /// of messages needs of its queries.
    private static func renumbered(_ sql: String, by offset: Int) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(sql.utf8.count + 16)
        var rest = sql.utf8[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            let behind = rest.index(after: dollar)
            let digits = rest[behind...].prefix { (0x30...0x39).contains($0) }
            text.append(contentsOf: rest[..<behind])
            if let number = Int(Substring(digits)) { text.append(contentsOf: String(number + offset).utf8) }
            rest = rest[digits.endIndex...]
        }
        text.append(contentsOf: rest)
        return String(decoding: text, as: UTF8.self)
    }

    // The wire protocol counts parameters in 16 bits, and a message is at most 1 GiB (`PQ_LARGE_MESSAGE_LIMIT`).
    private static let maxParameters = 65_535
    private static let maxBytes = 1 << 30

    /// Throws the reason if this query cannot be sent.
    func checkSendable() throws(PostgresError) {
        if let refusal { throw PostgresError(.misuse, refusal) }
        guard types.count <= Self.maxParameters else {
            throw PostgresError(.misuse, "\(types.count) parameters are more than \(Self.maxParameters)")
        }
        guard bytes.count + sql.utf8.count < Self.maxBytes else {
            throw PostgresError(.misuse, "the query is larger than 1 GiB")
        }
        guard !sql.utf8.contains(0) else { throw PostgresError(.misuse, "the SQL text contains a NUL") }
    }
}
