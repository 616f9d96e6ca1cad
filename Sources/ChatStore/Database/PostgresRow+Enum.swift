import ChatModel
import PostgresClient

extension PostgresRow {
    /// A column whose CHECK constraint lists the cases of `Value`.
    func decodeEnum<Value: RawRepresentable<String>>(_ column: String, as type: Value.Type = Value.self) throws
        -> Value
    {
        let raw: String = try decode(column)
        guard let value = Value(rawValue: raw) else {
            throw ChatError(.internal, "\(column) has the unknown value \(raw)")
        }
        return value
    }
}
