/// What makes bytes not a value of the protocol, or one that is larger than we take.
public enum RESPError: Error, Equatable {
    case unknownType(UInt8)
    case badLineEnd
    case badNumber
    case badLength
    case lineTooLong
    case valueTooLarge
    case tooManyElements
    case nestedTooDeep
}
