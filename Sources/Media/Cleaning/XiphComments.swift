/// Comments as Vorbis, Theora, Speex, Opus and FLAC have them: the name of the encoder, then a list of texts such as
/// `TITLE=…` (Vorbis I specification, section 5).
enum XiphComments {
    /// The texts' places.
    static func list(_ file: ByteView, in content: Range<Int>) throws -> [Range<Int>] {
        var position = content.lowerBound
        func text() throws -> Range<Int> {
            let length = try file.littleEndian(position, size: 4)
            let start = position + 4
            guard start <= content.upperBound, length <= content.upperBound - start else { throw MalformedFile() }
            position = start + length
            return start..<position
        }
        _ = try text()
        let count = try file.littleEndian(position, size: 4)
        position += 4
        // Each has at least its length.
        guard position <= content.upperBound, count <= (content.upperBound - position) / 4 else {
            throw MalformedFile()
        }
        return try (0..<count).map { _ in try text() }
    }

    /// Headers of a codec, one after another behind a table of their lengths ("Xiph lacing", Matroska's codec mappings):
    /// the header of comments keeps its size and loses its texts.
    static func patches(_ file: ByteView, in settings: Range<Int>) throws -> [Patch] {
        guard settings.count > 3, try file.byte(settings.lowerBound) == 2 else { throw MalformedFile() }
        var position = settings.lowerBound + 1
        func length() throws -> Int {
            var sum = 0
            while position < settings.upperBound {
                let byte = Int(try file.byte(position))
                position += 1
                sum += byte
                if byte < 255 { return sum }
            }
            throw MalformedFile()
        }
        let (first, second) = (try length(), try length())
        let start = position + first
        guard start + second <= settings.upperBound else { throw MalformedFile() }
        return try emptied(file, start..<(start + second))
    }

    /// A header of comments, by its magic number, emptied in place: a name of zeros fills it.
    static func emptied(_ file: ByteView, _ header: Range<Int>) throws -> [Patch] {
        let hasFraming = file.has("\u{3}vorbis", at: header.lowerBound)
        let isTheora = [UInt8](try file.slice(header.lowerBound, min(7, header.count))) == [0x81] + Array("theora".utf8)
        guard hasFraming || isTheora else { throw MalformedFile() }
        // Seven bytes of magic, the name's length, the name, the number of texts, and a bit in a byte of its own.
        let tail = hasFraming ? 5 : 4
        guard header.count >= 11 + tail else { throw MalformedFile() }
        let name = (header.lowerBound + 11)..<(header.upperBound - tail)
        let length = (0..<4).map { UInt8(truncatingIfNeeded: name.count >> ($0 * 8)) }
        var patches = [
            Patch(range: (name.lowerBound - 4)..<name.lowerBound, bytes: length), .zero(name),
            .zero(name.upperBound..<(name.upperBound + 4)),
        ]
        if hasFraming { patches.append(Patch(range: (header.upperBound - 1)..<header.upperBound, bytes: [1])) }
        return patches
    }
}
