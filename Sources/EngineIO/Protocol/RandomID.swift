/// Makes ids that nobody can guess.
package enum RandomID {
    /// 15 random bytes as 20 URL-safe characters: the form of the reference server's ids.
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next(), generator.next()]
        return Base64.urlSafe(words.withUnsafeBytes { Array($0.prefix(15)) })
    }
}
