/// Which part of an element is kept. Elements are kept by name: one that no rule names becomes void, of the same size.
indirect enum EBMLRule: Sendable {
    /// The whole element.
    case leaf
    /// A text that must be there: it becomes empty, in its place.
    case emptied
    /// The elements in it.
    case elements([UInt32: EBMLRule])

    static func leaves(_ ids: [UInt32]) -> [UInt32: EBMLRule] {
        Dictionary(ids.map { ($0, .leaf) }, uniquingKeysWith: { $1 })
    }
}

/// The elements of a WebM or Matroska that are kept (RFC 9559). Tags, chapters, attachments, titles, dates, and the names of
/// programs and tracks are not here.
enum MatroskaRules {
    static let header = EBMLRule.leaves([0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285])

    enum ID {
        static let header: UInt32 = 0x1A45_DFA3
        static let segment: UInt32 = 0x1853_8067
        static let seekHead: UInt32 = 0x114D_9B74
        static let seek: UInt32 = 0x4DBB
        static let seekID: UInt32 = 0x53AB
        static let info: UInt32 = 0x1549_A966
        static let duration: UInt32 = 0x4489
        static let timeScale: UInt32 = 0x2A_D7B1
        static let tracks: UInt32 = 0x1654_AE6B
        static let track: UInt32 = 0xAE
        static let trackNumber: UInt32 = 0xD7
        static let trackType: UInt32 = 0x83
        static let codec: UInt32 = 0x86
        static let settings: UInt32 = 0x63A2
        static let cues: UInt32 = 0x1C53_BB6B
        static let cluster: UInt32 = 0x1F43_B675
        static let time: UInt32 = 0xE7
        static let simpleBlock: UInt32 = 0xA3
        static let blockGroup: UInt32 = 0xA0
        static let block: UInt32 = 0xA1
    }

    /// In a segment. What no rule names there is erased: tags, chapters, attachments.
    static let segment: [UInt32: EBMLRule] = [
        ID.seekHead: .elements([ID.seek: .leaf]), ID.info: .elements(info), ID.tracks: .elements([ID.track: .leaf]),
        ID.cues: .leaf, ID.cluster: .elements(cluster),
    ]

    /// The scale of times, and the length. The names of the programs are mandatory.
    private static let info: [UInt32: EBMLRule] = [
        0x2A_D7B1: .leaf, ID.duration: .leaf, 0x4D80: .emptied, 0x5741: .emptied,
    ]

    /// Number, kind, flags, times, languages, the codec, picture and sound, how it is compressed or encrypted.
    static let track = EBMLRule.leaves([
        ID.trackNumber, 0x73C5, ID.trackType, 0xB9, 0x88, 0x55AA, 0x55AB, 0x55AC, 0x55AD, 0x55AE, 0x55AF, 0x9C, 0x6DE7,
        0x6DF8, 0x23_E383, 0x23_4E7A, 0x23_314F, 0x55EE, 0x22_B59C, 0x22_B59D, ID.codec, 0xAA, 0x6FAB, 0x56AA, 0x56BB,
        0xE0,
        0xE1, 0xE2, 0x6D80,
    ]).merging(
        [ID.settings: .leaf, 0x41E4: .elements(EBMLRule.leaves([0x41F0, 0x41E7, 0x41ED]))],
        uniquingKeysWith: { $1 })

    /// In a cluster: times, blocks with their alpha channel, and what refers to other blocks.
    static let cluster = EBMLRule.leaves([0xE7, 0xA7, 0xAB, ID.simpleBlock, 0xAF]).merging(
        [
            ID.blockGroup: .elements(
                EBMLRule.leaves([ID.block, 0x75A1, 0x9B, 0xFA, 0xFB, 0xFD, 0xA4, 0x75A2, 0x8E, 0xA2]))
        ], uniquingKeysWith: { $1 })

    /// Pictures, sounds and subtitles.
    static let trackTypes: Set<Int> = [1, 2, 17]
}
