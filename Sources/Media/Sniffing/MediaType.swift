/// How each MIME type is processed. An unknown type is a plain file that is never decoded.
enum MediaType {
    /// A picture that can be decoded and cleaned.
    case picture(PictureFormat)
    /// A picture or sequence in a format that can hold a location but cannot be cleaned.
    case uncleanablePicture
    /// A video or sound. ffmpeg uses only this demuxer, so a file cannot pose as a playlist that names other files.
    case movie(demuxer: String, MovieCleaning)
    /// A PDF, whose first page is drawn.
    case document
    case other

    /// Whether a worker processes such a file.
    var isForWorkers: Bool {
        switch self {
        case .picture, .movie, .document: true
        case .uncleanablePicture, .other: false
        }
    }

    /// Whether a file of a type that is not cleaned can say who made it, where or with what: pictures and drawings beyond the
    /// plainest ones, films, sounds. Documents are for their readers, and nothing is said of them.
    static func mayHoldMetadata(_ mime: String) -> Bool {
        if mime.hasPrefix("video/") || mime.hasPrefix("audio/") { return true }
        return mime.hasPrefix("image/") && !plainest.contains(mime)
    }

    private static let plainest: Set<String> = [
        "image/bmp", "image/x-ms-bmp", "image/vnd.microsoft.icon", "image/x-icon", "image/x-portable-bitmap",
        "image/x-portable-graymap", "image/x-portable-greymap", "image/x-portable-pixmap",
    ]

    init(mime: String) {
        switch mime {
        case "image/jpeg": self = .picture(.jpeg)
        case "image/png", "image/apng", "image/vnd.mozilla.apng": self = .picture(.png)
        case "image/webp": self = .picture(.webp)
        case "image/gif": self = .picture(.gif)
        case "image/tiff": self = .picture(.tiff)
        case "image/heic", "image/heif", "image/avif", "image/heic-sequence", "image/heif-sequence":
            self = .picture(.heif)
        case "application/pdf": self = .document
        case "video/mj2": self = .uncleanablePicture
        // No camera writes these formats.
        case "image/svg+xml", "image/bmp", "image/x-ms-bmp", "image/vnd.microsoft.icon", "image/x-icon",
            "image/vnd.djvu", "image/vnd.dwg", "image/vnd.dxf", "image/x-portable-bitmap", "image/x-portable-graymap",
            "image/x-portable-greymap", "image/x-portable-pixmap":
            self = .other
        case "video/mp4", "video/x-m4v", "video/3gpp", "video/3gpp2", "video/quicktime", "audio/mp4", "audio/x-m4a":
            self = .movie(demuxer: "mov", .cut(MovieCleaner.plan))
        case "video/webm", "audio/webm": self = .movie(demuxer: "matroska", .matroska(muxer: "webm"))
        case "video/x-matroska", "audio/x-matroska": self = .movie(demuxer: "matroska", .matroska(muxer: "matroska"))
        case "video/x-msvideo": self = .movie(demuxer: "avi", .remux(as: "avi"))
        case "video/mpeg": self = .movie(demuxer: "mpeg", .nothing)
        case "video/MP2T", "video/mp2t": self = .movie(demuxer: "mpegts", .nothing)
        case "video/x-ms-asf": self = .movie(demuxer: "asf", .remux(as: "asf"))
        case "audio/x-caf": self = .movie(demuxer: "caf", .remux(as: "caf"))
        case "video/x-flv": self = .movie(demuxer: "flv", .remux(as: "flv"))
        case "video/ogg", "audio/ogg", "application/ogg": self = .movie(demuxer: "ogg", .remux(as: "ogg"))
        case "audio/mpeg": self = .movie(demuxer: "mp3", .cut(SoundCleaner.mpeg))
        case "audio/flac", "audio/x-flac": self = .movie(demuxer: "flac", .cut(FLACCleaner.plan, orRemux: "flac"))
        case "audio/x-wav", "audio/wav", "audio/vnd.wave":
            self = .movie(demuxer: "wav", .cut(WAVCleaner.plan, orRemux: "wav"))
        case "audio/x-aiff", "audio/aiff": self = .movie(demuxer: "aiff", .remux(as: "aiff"))
        case "audio/x-hx-aac-adts", "audio/aac": self = .movie(demuxer: "aac", .cut(SoundCleaner.adts))
        case "audio/amr", "audio/AMR", "audio/AMR-WB": self = .movie(demuxer: "amr", .cut(SoundCleaner.amr))
        default: self = mime.hasPrefix("image/") ? .uncleanablePicture : .other
        }
    }
}

extension ProcessedMedia {
    /// A file of which nothing is known but its type.
    static func plainFile(type: String, audience: Audience = .everyone) -> ProcessedMedia {
        let isCleaned = audience == .ownerOnly || MediaType.mayHoldMetadata(type) ? false : nil
        return ProcessedMedia(type: type, kind: .file, audience: audience, isCleaned: isCleaned)
    }
}
