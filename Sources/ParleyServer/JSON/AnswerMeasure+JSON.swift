import ChatModel

extension AnswerMeasure {
    /// By the bytes that are written.
    static let json = AnswerMeasure(
        message: { $0.jsonSize }, conversation: { $0.jsonSize }, user: { $0.jsonSize })
}
