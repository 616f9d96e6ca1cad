import ChatModel
import NIOCore

extension AnswerMeasure {
    /// By the bytes that are written.
    static let json = AnswerMeasure(
        message: { $0.json.readableBytes }, conversation: { $0.json.readableBytes },
        user: { $0.json.readableBytes })
}
