/// What a change does to a field that can be empty.
public enum FieldChange<Value: Sendable>: Sendable {
    case keep
    /// nil empties it.
    case set(Value?)

    package var isSet: Bool { if case .set = self { true } else { false } }
    package var value: Value? { if case .set(let value) = self { value } else { nil } }
}
