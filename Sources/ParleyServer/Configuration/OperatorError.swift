/// What keeps the server or a command from working, in one sentence for the operator.
public struct OperatorError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
