/// What a page says of itself, shown below a message that links to it.
public struct LinkCard: Sendable, Equatable {
    /// A picture that the page names, kept here: nobody who sees it asks the page's server for it.
    public struct Picture: Sendable, Equatable {
        public var width: Int
        public var height: Int
        public var blurhash: String?
        public var thumbnails: [Upload.Thumbnail]

        package init?(_ upload: Upload) {
            guard let width = upload.width, let height = upload.height, !upload.thumbnails.isEmpty else { return nil }
            self.width = width
            self.height = height
            blurhash = upload.blurhash
            thumbnails = upload.thumbnails
        }
    }

    /// As it stands in the text.
    public var url: String
    public var title: String
    public var description: String?
    public var siteName: String?
    public var picture: Picture?

    package init(
        url: String, title: String, description: String? = nil, siteName: String? = nil, picture: Picture? = nil
    ) {
        self.url = url
        self.title = title
        self.description = description
        self.siteName = siteName
        self.picture = picture
    }
}
