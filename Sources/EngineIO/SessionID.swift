/// Ids that cannot be guessed.
package enum SessionID {
    /// 15 random bytes as 20 URL-safe characters, as the reference server's ids are.
    package static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next(), generator.next()]
        return Base64.urlSafe(words.withUnsafeBytes { Array($0.prefix(15)) })
    }
}
