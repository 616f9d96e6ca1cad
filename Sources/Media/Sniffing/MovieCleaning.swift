/// How to remove metadata about place and maker from a video or sound. If that fails, only the owner gets the file.
enum MovieCleaning {
    /// `MovieCleaner`.
    case boxes
    /// `SoundTagCleaner`.
    case tags
    /// ffmpeg copies picture, sound and subtitles into a new file with this muxer. Without ffmpeg the file is
    /// unchanged.
    case remux(as: String)
    /// The format has no such metadata. Data that an encoder hides within the pictures always stays.
    case nothing
}
