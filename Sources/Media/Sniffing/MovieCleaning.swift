/// How a video or a sound loses what says where and by whom it was made. One that cannot is its owner's alone.
enum MovieCleaning {
    /// `MovieCleaner`.
    case boxes
    /// `SoundTagCleaner`.
    case tags
    /// ffmpeg copies picture, sound and subtitles into a new file, by this muxer. Without ffmpeg the file stays as it is.
    case remux(as: String)
    /// The format has no place for it. What an encoder hides among the pictures themselves stays, here and elsewhere.
    case nothing
}
