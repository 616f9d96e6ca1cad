import Foundation

/// The passwords that are guessed first (OWASP ASVS 5, sections 6.2.4 and 6.2.11): the commonest ones, and the account's
/// own names.
package enum CommonPasswords {
    /// Up to this many digits or signs beside a name do not make it a password: a date has as many.
    private static let few = 8
    /// A part of a name that is shorter than this occurs in too many good passwords.
    private static let shortestPart = 3

    /// Ignores case.
    /// - Parameter password: Its length has been checked: this costs more than its length.
    package static func contains(_ password: String) -> Bool { list.contains(password.lowercased()) }

    /// Whether `password` consists of `names` or their words, forwards or backwards, with at most a few digits or signs
    /// around them. Ignores case.
    package static func isName(_ password: String, of names: [String]) -> Bool {
        let password = folded(password)
        let names = names.map(folded)
        guard !names.contains(password) else { return true }
        let words = names.flatMap { $0.split { !$0.isLetter }.map(String.init) }
        let parts = Set(names + names.map { $0.filter(\.isLetter) } + words).filter { $0.count >= shortestPart }
        var rest = password
        for part in parts.sorted(by: { ($1.count, $0) < ($0.count, $1) }) {
            rest = rest.replacing(part, with: "").replacing(String(part.reversed()), with: "")
        }
        return rest != password && rest.count <= few && !rest.contains(where: \.isLetter)
    }

    private static func folded(_ text: String) -> String { text.lowercased().precomposedStringWithCanonicalMapping }

    /// Reads the list, so that the first password does not wait for it.
    package static func prepare() { _ = list.count }

    private static let list = Set(CommonPasswordList.text.split(whereSeparator: \.isWhitespace).map(String.init))
}
