import Foundation

/// What somebody guesses first (OWASP ASVS 5, § 6.2.4 and § 6.2.11): the commonest passwords, and the account's own names.
package enum CommonPasswords {
    /// So many digits or signs beside a name are few: a date's.
    private static let few = 8
    /// A part of a name that is shorter than this stands in too many good passwords.
    private static let shortestPart = 3

    /// Whatever its case.
    /// - Parameter password: Its length is within bounds: what is asked of it here costs more than its length.
    package static func contains(_ password: String) -> Bool { list.contains(password.lowercased()) }

    /// Whether `password` is made of `names` or their words, with at most a few digits or signs before, between and
    /// behind: whatever their case, forwards or backwards.
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

    /// Reads the list, which the first question would else do.
    package static func prepare() { _ = list.count }

    private static let list = Set(CommonPasswordList.text.split(whereSeparator: \.isWhitespace).map(String.init))
}
