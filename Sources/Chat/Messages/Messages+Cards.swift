public import ChatModel
import ChatStore

extension Messages {
    /// Gives a message the card of its link, unless the message is another one meanwhile, or its sender wants none.
    /// - Returns: Whether it has that card now.
    func setCard(_ card: LinkCard, picture: UploadID?, of id: MessageID, by sender: UserID) async throws -> Bool {
        let message = try await change(id, by: sender) { message, change in
            guard !message.isDeleted, message.sender == sender, cards.link(in: message.text) == card.url,
                try await change.wantsCard(for: card.url)
            else { return nil }
            return try await change.setCard(card, picture: picture)
        } announcing: { change in
            cards.drop(change.before.cardPicture)
            change.announce(events)
        }
        return message.card?.url == card.url
    }

    /// Takes the card of a message away for good. Doing so twice changes nothing.
    public func dismissCard(_ id: MessageID, by user: UserID) async throws -> Message {
        try await change(id, by: user) { message, change in
            try Permissions.dismissCard(message.membership, sender: message.sender, by: user)
            guard !message.isDeleted else { throw ChatError(.gone, "this message was deleted") }
            let link = cards.link(in: message.text) ?? LinkedAddresses(in: message.text).addresses.first
            return try await change.dismissCard(of: link)
        } announcing: { change in
            cards.drop(change.before.cardPicture)
            change.announce(events)
        }
    }
}
