import Foundation
import NIOSSL

/// How people reach the server: the certificate, and PUBLIC_URL with whatever stands before the server.
enum AddressCheck {
    static func findings(_ configuration: ServerConfiguration) async -> [Finding] {
        var findings = certificate(configuration.tlsCertificate).map { [$0] } ?? []
        guard let origin = configuration.publicOrigin else {
            return findings + [
                .warning(
                    "address", "PUBLIC_URL is not set, so any name is served",
                    do: "set it to the address that people use: docs/OPERATIONS.md, \"Server name\"")
            ]
        }
        if origin.isSecure, configuration.tlsCertificate == nil, configuration.trustedProxies.isEmpty {
            findings.append(
                .warning(
                    "proxy", "a proxy ends TLS, but no proxy is trusted: all people share one address and its limits",
                    do: "set TRUSTED_PROXIES to the proxy's address, and let it pass on X-Forwarded-For"))
        }
        return findings + (await reach(origin, configuration.basePath))
    }

    /// Asks the server through its public address, as a browser does.
    private static func reach(_ origin: WebOrigin, _ basePath: BasePath) async -> [Finding] {
        let topic = "address"
        let place = origin.text + basePath.text
        do {
            let health = try await PublicClient(origin).get("\(basePath.text)/health")
            guard health.status == 200, health.body.contains("\"version\":\"\(Version.current)\"") else {
                return [
                    .error(
                        topic, "\(place)/health answers \(health.status), and not as Parley \(Version.current) does",
                        do: "look where PUBLIC_URL leads, and restart the server after an upgrade")
                ]
            }
            let socket = try await PublicClient(origin).get(
                "\(basePath.text)/socket.io/?EIO=4&transport=websocket",
                fields: [
                    ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                    ("Sec-WebSocket-Key", "cGFybGV5IGRvY3RvciAxMg=="), ("Origin", origin.text),
                ])
            guard socket.status == 101 else {
                return [
                    .error(
                        topic, "\(place) answers a WebSocket with \(socket.status)",
                        do:
                            "let the proxy pass on Upgrade and Connection: docs/OPERATIONS.md, \"Alone, or behind nginx\""
                    )
                ]
            }
            let fine = Finding.fine(topic, "\(place) leads here, WebSockets too")
            return [fine] + (health.certificateEnd.map { [end($0, of: place)] } ?? [])
        } catch {
            return [
                .error(
                    topic, "\(place) cannot be reached from here: \(error)",
                    do: "start the server, and look at its name, its proxy and its certificate")
            ]
        }
    }

    private static func certificate(_ file: String?) -> Finding? {
        guard let file else { return nil }
        guard let certificate = try? NIOSSLCertificate.fromPEMFile(file).first else {
            return .error("certificate", "\(file) holds none", do: "set TLS_CERT to a PEM file")
        }
        return end(Date(timeIntervalSince1970: Double(certificate.notValidAfter)), of: file)
    }

    /// Certificates are renewed weeks before they end.
    static func end(_ date: Date, of place: String, now: Date = Date()) -> Finding {
        let topic = "certificate"
        let day = date.formatted(.iso8601.year().month().day())
        let advice = "renew it"
        if date <= now { return .error(topic, "\(place): it ended on \(day)", do: advice) }
        if date < now.addingTimeInterval(14 * 86_400) {
            return .warning(topic, "\(place): it ends on \(day)", do: advice)
        }
        return .fine(topic, "\(place): valid until \(day)")
    }
}
