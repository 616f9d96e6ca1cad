import CPostgres

/// Keywords and values for libpq to connect with. A later one wins over an earlier one.
struct PQParameters: Sendable {
    private(set) var keywords: [String] = []
    private(set) var values: [String] = []

    /// The settings of every connection of Parley. A `connectionString` may override keepalives, but not the encoding.
    ///
    /// - Throws: `.misuse` if libpq cannot parse the string. Its own message is withheld, because it can quote the whole
    ///   string, password and all.
    init(connectionString: String, applicationName: String, connectTimeout: Duration) throws(PostgresError) {
        guard let options = PQconninfoParse(connectionString, nil) else {
            throw PostgresError(.misuse, "the connection string is not one that libpq understands")
        }
        PQconninfoFree(options)
        // A vanished peer is noticed within about a minute when idle, and within 20 seconds of a write.
        add("keepalives_idle", "30")
        add("keepalives_interval", "10")
        add("keepalives_count", "3")
        add("tcp_user_timeout", "20000")
        add("fallback_application_name", applicationName)
        // Only the blocking calls use this. libpq counts whole seconds, at least two.
        add("connect_timeout", String(max(2, connectTimeout.components.seconds)))
        add("dbname", connectionString)
        add("client_encoding", "UTF8")
    }

    private mutating func add(_ keyword: String, _ value: String) {
        keywords.append(keyword)
        values.append(value)
    }

    func withCStrings<T>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> T
    ) -> T {
        CStrings.with(keywords) { keywords in CStrings.with(values) { values in body(keywords, values) } }
    }
}

/// Arrays of C strings, as libpq wants them.
enum CStrings {
    /// A zero byte that lives as long as the process.
    nonisolated(unsafe) static let empty: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)  // Immutable from here on, so every thread may read it.
    }()

    /// Passes the strings as a null-terminated array.
    static func with<T>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
        var buffer: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            offsets.append(buffer.count)
            buffer.append(contentsOf: string.utf8CString)
        }
        return buffer.withUnsafeBufferPointer { buffer in
            let pointers = offsets.map { offset in buffer.baseAddress.map { $0 + offset } } + [nil]
            return pointers.withUnsafeBufferPointer { pointers in
                // The closing null is always there, so the array has an address.
                guard let base = pointers.baseAddress else { preconditionFailure("an array of one element is empty") }
                return body(base)
            }
        }
    }
}
