package import ChatModel
package import Foundation

extension NodeDescription {
    /// A server for a test, on a storage of its own.
    package static func test(
        version: String = "1.0.0", secrets: [UInt8] = [1], storage: UUID = UUID(), files: UUID = UUID(),
        sharesFiles: Bool = false
    ) -> NodeDescription {
        NodeDescription(
            host: "host", version: version, secretChecks: secrets.map { Data([$0]) }, storage: storage, files: files,
            sharesFiles: sharesFiles)
    }
}
