import Foundation
import HTTPTypes

/// What a request for a file's bytes asks for (RFC 9110, sections 13 and 14), as pure rules on its length and
/// validator.
enum FileRequest: Equatable {
    case whole
    case range(Range<Int>)
    case notModified
    case notSatisfiable
    case preconditionFailed

    init(_ method: HTTPRequest.Method = .get, headers: HTTPFields, size: Int, etag: String) {
        let tag = "\"\(etag)\""
        // Strong comparison (section 13.1.1): a weak validator never matches.
        if let list = headers[.ifMatch], !Self.entries(list).contains(where: { $0 == "*" || $0 == tag }) {
            self = .preconditionFailed
            return
        }
        if let list = headers[.ifNoneMatch], Self.names(tag, in: list) {
            self = .notModified
            return
        }
        // Only `GET` has ranges (section 14.2).
        guard method == .get else {
            self = .whole
            return
        }
        // A part is useful only with the rest of the same version (section 13.1.5). A date is never a strong validator
        // here.
        if let condition = headers[.ifRange], condition != tag {
            self = .whole
            return
        }
        self = headers[.range].map { Self.part($0, size: size) } ?? .whole
    }

    /// Weak comparison: `W/` does not matter (section 13.1.2).
    private static func names(_ tag: String, in list: String) -> Bool {
        entries(list).contains { $0 == "*" || $0 == tag || $0 == "W/\(tag)" }
    }

    private static func entries(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// One range. Several ranges, and invalid ones, are answered by the whole file (section 14.2 lets a server ignore
    /// them).
    private static func part(_ header: String, size: Int) -> FileRequest {
        guard header.lowercased().hasPrefix("bytes=") else { return .whole }
        let ends = header.dropFirst(6).trimmingCharacters(in: .whitespaces)
            .split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return .whole
        }
        // A number that is too large for an integer is beyond the end of every file.
        func position(_ digits: Substring) -> Int? { digits.isEmpty ? nil : Int(digits) ?? .max }
        switch (position(ends[0]), position(ends[1])) {
        case (nil, nil): return .whole
        case (nil, let suffix?):
            return suffix == 0 || size == 0 ? .notSatisfiable : .range(max(0, size - suffix)..<size)
        case (let first?, let last):
            guard first <= last ?? first else { return .whole }
            return first < size ? .range(first..<min(last ?? .max, size - 1) + 1) : .notSatisfiable
        }
    }
}
