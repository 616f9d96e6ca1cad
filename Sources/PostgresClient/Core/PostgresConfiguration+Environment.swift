import CPostgres

extension PostgresConfiguration {
    /// A connection string as the environment of PostgreSQL's own programs (PostgreSQL documentation, 34.15
    /// "Environment Variables"): unlike their arguments, it is private to the process, so it can hold a password.
    /// - Returns: nil for an invalid connection string.
    public static func environment(of connectionString: String) -> [String: String]? {
        guard let options = PQconninfoParse(connectionString, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var environment: [String: String] = [:]
        var option = options
        while option.pointee.keyword != nil {
            if let name = option.pointee.envvar, let value = option.pointee.val {
                environment[String(cString: name)] = String(cString: value)
            }
            option += 1
        }
        return environment
    }
}
