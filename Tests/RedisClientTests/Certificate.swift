import Foundation

/// A certificate that signs itself, made for one test.
struct Certificate {
    /// The certificate's PEM file, which is its own authority.
    let path: String
    /// For a server's directory.
    let files: [String: String]

    static let options = [
        "--tls-cert-file", "{directory}/cert.pem", "--tls-key-file", "{directory}/key.pem", "--tls-auth-clients", "no",
    ]

    /// - Parameter name: As openssl's `subjectAltName` has it.
    init(name: String) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "parley-certificate-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        path = "\(directory)/cert.pem"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(directory)/key.pem", "-out", path, "-days",
            "2",
            "-subj", "/CN=parley test", "-addext", "subjectAltName=\(name)",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        files = [
            "cert.pem": try String(contentsOfFile: path, encoding: .utf8),
            "key.pem": try String(contentsOfFile: "\(directory)/key.pem", encoding: .utf8),
        ]
    }
}
