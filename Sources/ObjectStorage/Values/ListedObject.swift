public import Foundation

/// One object of a list.
public struct ListedObject: Sendable, Equatable {
    public let key: String
    /// In bytes.
    public let size: Int
    public let modified: Date

    public init(key: String, size: Int, modified: Date) {
        self.key = key
        self.size = size
        self.modified = modified
    }
}

/// A part of a list.
public struct ObjectPage: Sendable {
    public var objects: [ListedObject]
    /// What the next part begins after; nil for the last one.
    public var next: String?

    /// - Throws: For what is no list of objects.
    static func parse(_ bytes: some Collection<UInt8>) throws -> ObjectPage {
        let list = try XMLElement.parse(bytes)
        guard list.name == "ListBucketResult" else { throw XMLElement.Malformed() }
        let objects = try list.all("Contents").map { entry in
            guard let key = entry["Key"], let size = entry["Size"].flatMap({ Int($0) }), size >= 0,
                let modified = entry["LastModified"].flatMap(date)
            else { throw XMLElement.Malformed() }
            return ListedObject(key: key, size: size, modified: modified)
        }
        let isCut = list["IsTruncated"] == "true"
        guard let next = list["NextContinuationToken"], isCut, !next.isEmpty else {
            if isCut { throw XMLElement.Malformed() }
            return ObjectPage(objects: objects, next: nil)
        }
        return ObjectPage(objects: objects, next: next)
    }

    /// With or without fractions of a second.
    private static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}
