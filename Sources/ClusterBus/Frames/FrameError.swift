/// Why a frame counts for nothing.
package enum FrameError: Error, Equatable {
    /// Of another version of the program.
    case unknownVersion
    /// Not made with our secret, for our database; or changed on the way.
    case wrongSignature
    case tooLarge
    /// Signed, and yet not a frame.
    case malformed
}
