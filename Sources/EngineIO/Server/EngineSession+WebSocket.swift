import NIOCore
import NIOWebSocket

/// The session's WebSocket, and the upgrade to it from polling.
extension EngineSession {
    /// Receives a message from the session's WebSocket, or from the candidate for the upgrade.
    func receive(_ message: EngineMessage, from connection: WebSocketConnection) {
        guard connection === webSocket || connection === candidate else { return }
        let packet: Packet
        switch message {
        case .binary: packet = .message(message)
        case .text(let text):
            do throws(PacketError) {
                packet = try Packet(text: text)
            } catch {
                guard connection === webSocket else { return abandonCandidate() }
                return end(.parseError)
            }
        }
        if connection === webSocket { self.receive(packet) } else { receiveOnUpgrade(packet) }
    }

    func webSocketEnded(_ connection: WebSocketConnection) {
        if connection === webSocket {
            end(.transportClose)
        } else if connection === candidate {
            abandonCandidate()
        }
    }

    func webSocketFellBehind(_ connection: WebSocketConnection) {
        if connection === webSocket {
            end(.slowConsumer)
        } else if connection === candidate {
            abandonCandidate { $0.abort() }
        }
    }

    // MARK: Upgrading

    /// Reserves the upgrade for a WebSocket that wants to replace polling.
    ///
    /// - Returns: Whether it may try. If so, `attach` must follow.
    func reserveUpgrade() -> Bool {
        !hasEnded && machine.attachWebSocket(now: eventLoop.now)
    }

    /// - Parameter connection: nil if the client has disconnected meanwhile.
    func attach(_ connection: WebSocketConnection?) {
        guard let connection, !hasEnded else {
            machine.upgradeFailed()
            connection?.eventLoop.execute { connection?.close(.normalClosure) }
            return
        }
        candidate = connection
        candidateTimeout = eventLoop.scheduleTask(in: server.configuration.upgradeTimeout) {
            self.abandonCandidate()
        }
    }

    private func receiveOnUpgrade(_ packet: Packet) {
        guard let connection = candidate else { return }
        switch machine.receivedOnUpgrade(packet, now: eventLoop.now) {
        case .sendProbe:
            scheduler.relay([.probePong], to: connection)
            timer?.set(machine.nextDeadline)
        case .complete(let packets, let release):
            candidateTimeout?.cancel()
            candidateTimeout = nil
            candidate = nil
            webSocket = connection
            server.metrics.transportUpgraded()
            switch release {
            case .noop: respondToPoll([.noop])
            case .refuse:
                if let exchange = poll { server.refuse(exchange, .badRequest) }
                poll = nil
            case nil: break
            }
            for packet in packets { write(packet) }
            scheduleFlush()
        case .abort: abandonCandidate()
        }
    }

    func abandonCandidate(
        _ part: @escaping @Sendable (WebSocketConnection) -> Void = { $0.close(.normalClosure) }
    ) {
        guard let connection = self.candidate else { return }
        self.candidate = nil
        self.candidateTimeout?.cancel()
        self.candidateTimeout = nil
        self.machine.upgradeFailed()
        self.scheduler.afterRelays(to: connection, part)
    }
}

/// A WebSocket on the session's own event loop calls the session directly.
extension EngineSession: WebSocketReceiver {
    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage) {
        receive(message, from: connection)
    }

    func webSocketReadComplete(_ connection: WebSocketConnection) {}

    func webSocketIsSlow(_ connection: WebSocketConnection) {
        webSocketFellBehind(connection)
    }

    func webSocketClosed(_ connection: WebSocketConnection) {
        webSocketEnded(connection)
    }
}
