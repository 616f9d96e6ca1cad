import NIOCore

extension EncodedPacket {
    /// The first packet of a session (protocol revision 4, "Handshake").
    ///
    /// - Parameter mayUpgrade: Whether the session polls, and its client may go on to a WebSocket.
    static func open(sid: String, mayUpgrade: Bool, configuration: EngineConfiguration) -> EncodedPacket {
        let upgrades = mayUpgrade && configuration.transports.contains(.websocket) ? #""websocket""# : ""
        let json = """
            {"sid":"\(sid)","upgrades":[\(upgrades)],\
            "pingInterval":\(configuration.pingInterval.milliseconds),\
            "pingTimeout":\(configuration.pingTimeout.milliseconds),\
            "maxPayload":\(configuration.maxPayload)}
            """
        return EncodedPacket(type: UInt8(ascii: "0"), length: json.utf8.count) { $0.writeString(json) }
    }
}

extension TimeAmount {
    fileprivate var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
