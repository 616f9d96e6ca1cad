import Foundation
import Testing

@testable import Media

@Suite struct PNGFirstFrameTests {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let header = PictureBytes.pngChunk("IHDR", [0, 0, 0, 4, 0, 0, 0, 2, 8, 0, 0, 0, 0])
    private static let animation = PictureBytes.pngChunk("acTL", [0, 0, 0, 2, 0, 0, 0, 0])
    private static let still = PictureBytes.pngChunk("IDAT", Array("still".utf8))
    private static let end = PictureBytes.pngChunk("IEND", [])

    private static func control(_ number: UInt8, width: UInt8 = 4, left: UInt8 = 0) -> [UInt8] {
        PictureBytes.pngChunk(
            "fcTL", [0, 0, 0, number, 0, 0, 0, width, 0, 0, 0, 2, 0, 0, 0, left, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0])
    }

    private static func data(_ number: UInt8, _ text: String) -> [UInt8] {
        PictureBytes.pngChunk("fdAT", [0, 0, 0, number] + Array(text.utf8))
    }

    private static func apply(_ chunks: [UInt8]...) throws -> [UInt8]? {
        let bytes = signature + header + chunks.joined()
        return try bytes.withUnsafeBytes { try PNGFirstFrame.plan(ByteView($0)) }.map { plan in
            plan.pieces.reduce(into: []) { result, piece in
                switch piece {
                case .copy(let range): result += bytes[range]
                case .literal(let literal): result += literal
                case .zeros(let count): result += Array(repeating: 0, count: count)
                }
            }
        }
    }

    @Test func theFirstFrameReplacesAStillPictureThatIsNone() throws {
        let gamma = PictureBytes.pngChunk("gAMA", [0, 0, 0xB1, 0x8F])
        let made = try Self.apply(
            gamma, Self.animation, PictureBytes.pngChunk("tEXt", Array("Comment\0Secret".utf8)), Self.still,
            Self.control(0), Self.data(1, "fir"), Self.data(2, "st"), Self.control(3), Self.data(4, "second"), Self.end)
        let expected =
            Self.signature + Self.header + gamma + PictureBytes.pngChunk("IDAT", Array("first".utf8)) + Self.end
        #expect(made == expected)
    }

    @Test func aStillPictureThatIsAFrameStays() throws {
        #expect(try Self.apply(Self.still, Self.end) == nil)
        #expect(
            try Self.apply(Self.animation, Self.control(0), Self.still, Self.control(1), Self.data(2, "b"), Self.end)
                == nil)
    }

    @Test func anAnimationOfImpossiblyManyFramesIsNone() throws {
        for count: [UInt8] in [[0, 0, 0, 0], [0x80, 0, 0, 0]] {
            let animation = PictureBytes.pngChunk("acTL", count + [0, 0, 0, 0])
            #expect(try Self.apply(animation, Self.still, Self.control(0), Self.data(1, "a"), Self.end) == nil)
        }
    }

    @Test func aFrameThatDoesNotFillThePictureIsLeftOut() throws {
        for control in [Self.control(0, width: 3), Self.control(0, left: 1)] {
            #expect(try Self.apply(Self.animation, Self.still, control, Self.data(1, "a"), Self.end) == nil)
        }
    }

    @Test func damagedFramesAreLeftOut() throws {
        #expect(try Self.apply(Self.animation, Self.still, Self.control(0), Self.end) == nil)
        #expect(try Self.apply(Self.animation, Self.still, Self.data(0, "a"), Self.end) == nil)
        #expect(
            try Self.apply(Self.animation, Self.still, Self.control(0), PictureBytes.pngChunk("fdAT", [0]), Self.end)
                == nil)
        #expect(try Self.apply(Self.animation, Self.still, Self.control(0), Self.data(1, "cut")) == nil)
    }
}
