/// Ends work that takes too long.
enum Deadline {
    static func run<Value: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw ObjectStoreError(.unavailable, "no answer within \(limit)")
            }
            guard let value = try await group.next() else { preconditionFailure("there are two tasks") }
            return value
        }
    }
}
