import Foundation
import Testing

@testable import Media

@Suite struct WaveformTests {
    /// The peaks of a WAVE file with these samples.
    private func peaks(_ samples: [Int16], channels: UInt8 = 1) throws -> [UInt8]? {
        var bytes = Array("RIFF    WAVEfmt     ".utf8) + [1, 0, channels, 0]
        bytes += Array("            data    ".utf8)
        for sample in samples {
            let value = UInt16(bitPattern: sample)
            bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
        }
        let path = try bytes.asFile
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try Waveform.peaks(ofSamples: path)
    }

    @Test func eachHundredthHasItsPeak() throws {
        var samples: [Int16] = []
        for index in 0..<100 {
            let loudest = Int16(index * 300)
            samples += [0 as Int16, loudest, -3 as Int16, 5 as Int16]
        }
        let expected: [UInt8] = (0..<100).map { index in
            let scaled: Int = max(5, index * 300) * 255 + 16384
            return UInt8(scaled / 32768)
        }
        #expect(try peaks(samples) == expected)
    }

    @Test func bothChannelsAreLookedAt() throws {
        var samples: [Int16] = []
        for index in 0..<200 { samples += index < 100 ? [0, .max] : [.max, 0] }
        #expect(try peaks(samples, channels: 2) == [UInt8](repeating: 255, count: 100))
        #expect(try peaks(samples, channels: 3) == nil)
    }

    @Test func theScaleEndsWhereSoundDoes() throws {
        #expect(try peaks([Int16](repeating: .min, count: 500)) == [UInt8](repeating: 255, count: 100))
        #expect(try peaks([Int16](repeating: .max, count: 500)) == [UInt8](repeating: 255, count: 100))
        #expect(try peaks([Int16](repeating: 0, count: 500)) == [UInt8](repeating: 0, count: 100))
    }

    @Test func aSoundShorterThanAHundredSamplesIsStretched() throws {
        let found = try #require(try peaks([0, .max]))
        #expect(found == [UInt8](repeating: 0, count: 50) + [UInt8](repeating: 255, count: 50))
        #expect(try peaks([]) == nil)
        #expect(try Waveform.peaks(ofSamples: [UInt8](repeating: 0, count: 60).asFile) == nil)
    }

    @Test func soundsOfEveryFormatHaveOne() async throws {
        // Silence, then a tone at half and at full volume.
        let sound = """
            ffmpeg -v error -f lavfi -i "sine=f=300:d=3" -af "volume=8,volume='if(lt(t,1),0,if(lt(t,2),0.5,1))':eval=frame" \
            -ac 1
            """
        try await MediaBench.run { bench in
            for (name, options) in [
                ("wave.wav", "-c:a pcm_s16le"), ("wave.mp3", "-c:a libmp3lame"), ("wave.m4a", "-c:a aac"),
                ("wave.ogg", "-c:a libopus"), ("wave.webm", "-c:a libopus"), ("wave.flac", "-c:a flac"),
            ] {
                let outcome = try await bench.process(
                    try fixture(name, "\(sound) \(options) \"$out.\(name)\"; mv \"$out.\(name)\" \"$out\""))
                let waveform = try #require(outcome.media.waveform, "\(name)")
                let parts = [waveform[2..<30], waveform[37..<63], waveform[70..<97]]
                #expect(parts[0].allSatisfy { $0 <= 2 }, "\(name): \(waveform)")
                #expect(parts[1].allSatisfy { (110...145).contains($0) }, "\(name): \(waveform)")
                #expect(parts[2].allSatisfy { $0 >= 235 }, "\(name): \(waveform)")
            }
        }
    }

    @Test func oppositeChannelsAreNoSilence() async throws {
        let sound = try fixture(
            "opposite.wav",
            "ffmpeg -v error -f lavfi -i 'aevalsrc=0.9*sin(2000*t)|-0.9*sin(2000*t):d=1' -c:a pcm_s16le \"$out.wav\"; mv \"$out.wav\" \"$out\""
        )
        try await MediaBench.run { bench in
            let waveform = try #require(try await bench.process(sound).media.waveform)
            #expect(waveform[5..<95].allSatisfy { $0 > 200 }, "\(waveform)")
        }
    }

    @Test func filmsAndLongSoundsHaveNone() async throws {
        let film = try fixture(
            "film-with-sound.mp4",
            "ffmpeg -v error -f lavfi -i testsrc=d=1 -f lavfi -i sine=d=1 -c:a aac \"$out.mp4\"; mv \"$out.mp4\" \"$out\""
        )
        let long = try fixture(
            "hours.ogg",
            "ffmpeg -v error -f lavfi -i anullsrc=r=8000:cl=mono:d=7300 -c:a libopus -b:a 6k \"$out.ogg\"; mv \"$out.ogg\" \"$out\""
        )
        try await MediaBench.run { bench in
            let outcome = try await bench.process(film)
            #expect(outcome.media.kind == .video && outcome.media.waveform == nil)
            let sound = try await bench.process(long)
            #expect(sound.media.kind == .audio && sound.media.duration ?? 0 > 7000 && sound.media.waveform == nil)
        }
    }

    @Test func anAnswerWithAnotherNumberOfPeaksCannotBe() {
        var media = ProcessedMedia(type: "audio/ogg", kind: .audio)
        media.waveform = [UInt8](repeating: 0, count: 100)
        #expect(media.isPlausible(for: "audio/ogg"))
        media.waveform = [1]
        #expect(!media.isPlausible(for: "audio/ogg"))
        media.waveform = [UInt8](repeating: 0, count: 100)
        media.kind = .image
        #expect(!media.isPlausible(for: "audio/ogg"))
    }
}
