import NIOCore
import NIOHTTP1
import NIOWebSocket

extension UpgradeGate {
    /// Answers 101 and replaces HTTP's handlers with a WebSocket. Must not be called within the decoder's call.
    ///
    /// - Returns: nil if the connection has ended.
    func upgrade(
        _ head: HTTPRequestHead,
        configuration: WebSocketConnection.Configuration,
        extraHeaders: HTTPHeaders,
        receiver: any WebSocketReceiver
    ) -> WebSocketConnection? {
        guard let context, context.channel.isActive else { return nil }
        activity = .upgraded
        let connection = WebSocketConnection(
            eventLoop: context.eventLoop,
            configuration: configuration,
            receiver: receiver
        )
        // If an earlier request went to the application, it sees the end of its input.
        if isApplicationInstalled { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        WebSocketHandshake.accept(head, extraHeaders: extraHeaders, channel: context.channel) { headers in
            context.write(
                self.wrapOutboundOut(.head(.init(version: .http1_1, status: .switchingProtocols, headers: headers))),
                promise: nil
            )
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        do {
            try codec.makeWay(for: connection, configuration, behind: context)
        } catch {
            context.close(promise: nil)
            return nil
        }
        // The new handler missed the event that the server is shutting down.
        if isQuiescing { connection.close(.goingAway) }
        return connection
    }
}
