public import ChatModel
import Foundation
public import PostgresClient

// Ids and enums of the model are values of the database: a query takes and gives them as they are. A stored value that
// is none of an enum's cases fails to decode.

extension ID: PostgresScalar {
    public static var postgresType: PostgresType { UUID.postgresType }

    public func encode(into writer: inout PostgresWriter) { uuid.encode(into: &writer) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> ID { ID(try UUID.decode(cell)) }
}

extension Attention.Notifications: PostgresScalar {}
extension Conversation.Kind: PostgresScalar {}
extension Conversation.Visibility: PostgresScalar {}
extension Member.Role: PostgresScalar {}
extension Message.Status: PostgresScalar {}
extension GroupNotice.Kind: PostgresScalar {}
extension SharedItem.Kind: PostgresScalar {}
extension Upload.Kind: PostgresScalar {}

extension WordFilter.Action: PostgresScalar {}
extension ModerationStore.Change.Kind: PostgresScalar {}
