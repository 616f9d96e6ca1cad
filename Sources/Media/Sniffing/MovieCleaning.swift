/// How to remove metadata about place and maker from a video or sound. If that fails, only the owner gets the file.
enum MovieCleaning {
    /// The file's own bytes are edited. Where its structure is not understood, ffmpeg copies it with the named muxer, if there
    /// is one.
    case cut(@Sendable (ByteView) throws -> EditPlan, orRemux: String? = nil)
    /// `MatroskaCleaner`, after ffmpeg has given a recording of a browser its length and its index.
    case matroska(muxer: String)
    /// ffmpeg copies picture, sound and subtitles into a new file with this muxer. Where it would change them, and without
    /// ffmpeg, the file is served as received, and said to be so.
    case remux(as: String)
    /// The format can hold such metadata, which is not cleaned, and this is said. Data that an encoder hides within the
    /// pictures always stays.
    case nothing
}
