/// What a web page says of itself. All of it comes from strangers: it is shown as text, and nothing else.
public struct PageFacts: Sendable, Codable, Equatable {
    public var title: String?
    public var description: String?
    public var siteName: String?
    /// The address of a picture, as the page writes it: perhaps relative to the page's own.
    public var image: String?

    public init(title: String? = nil, description: String? = nil, siteName: String? = nil, image: String? = nil) {
        self.title = title
        self.description = description
        self.siteName = siteName
        self.image = image
    }

    // In characters; of the image, in bytes.
    public static let maxTitle = 200
    public static let maxDescription = 400
    public static let maxSiteName = 80
    static let maxImage = 2048

    /// Whether an honest worker can have said this. The page may have hijacked the worker.
    var isPlausible: Bool {
        Self.isPlain(title, max: Self.maxTitle) && Self.isPlain(description, max: Self.maxDescription)
            && Self.isPlain(siteName, max: Self.maxSiteName) && (image?.utf8.count ?? 0) <= Self.maxImage
    }

    private static func isPlain(_ text: String?, max: Int) -> Bool {
        guard let text else { return true }
        return !text.isEmpty && text.count <= max && text.unicodeScalars.count <= 4 * max
            && text.unicodeScalars.allSatisfy { !PageText.isHidden($0) }
    }
}
