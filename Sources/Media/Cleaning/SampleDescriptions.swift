/// The `stsd` box: the coding of a track's samples (ISO/IEC 14496-12, section 8.5.2; QuickTime File Format, "Sample
/// Description Atoms"). Keeps what the decoder needs, and erases the names of the camera and its encoder.
enum SampleDescriptions: Sendable {
    case picture, sound
    /// Subtitles.
    case text

    func patches(_ box: ISOBox, _ cleaner: BoxCleaner) throws -> [Patch] {
        let version = try cleaner.file.byte(box.content.lowerBound)
        let entries = try cleaner.children(from: box.content.lowerBound + 8, of: box)
        return [.zero(entries.rest)]
            + (try entries.boxes.flatMap { entry -> [Patch] in
                switch self {
                case .picture: return try picture(entry, cleaner)
                case .sound: return try sound(entry, cleaner, isVersion1: version == 1)
                // Fonts, colors and places on the screen.
                case .text: return []
                }
            })
    }

    private func picture(_ entry: ISOBox, _ cleaner: BoxCleaner) throws -> [Patch] {
        let start = entry.content.lowerBound
        // The vendor, and the compressor's name.
        let names = [
            cleaner.part(of: entry.content, at: 12, count: 4), cleaner.part(of: entry.content, at: 42, count: 32),
        ]
        var end = start + 78
        let depth = try cleaner.file.bigEndian(start + 74, size: 2) & 31
        if try cleaner.file.bigEndian(start + 76, size: 2) == 0, [1, 2, 4, 8].contains(depth) {
            // QuickTime: a color table follows.
            end += 8 + 8 * (try cleaner.file.bigEndian(end + 6, size: 2) + 1)
        }
        return names.map(Patch.zero)
            + (try cleaner.patches(cleaner.children(from: end, of: entry), Self.pictureExtensions))
    }

    private func sound(_ entry: ISOBox, _ cleaner: BoxCleaner, isVersion1: Bool) throws -> [Patch] {
        let start = entry.content.lowerBound
        // QuickTime's longer descriptions: "Sound Sample Description (Version 1)" and "(Version 2)".
        let version = isVersion1 ? 0 : try cleaner.file.bigEndian(start + 8, size: 2)
        let end = start + (version == 1 ? 44 : version == 2 ? 64 : 28)
        var rules = Self.soundExtensions
        // QuickTime wraps the decoder's settings once more. The innermost box has the name of the coding.
        rules["wave"] = .boxes(Self.soundExtensions.merging([entry.type: .leaf, "\0\0\0\0": .leaf]) { $1 })
        return [.zero(cleaner.part(of: entry.content, at: 12, count: 4))]
            + (try cleaner.patches(cleaner.children(from: end, of: entry), rules))
    }

    /// Settings of decoders, colors, shape of pixels, light levels, stereo and panorama. `svhd`, which names a program,
    /// is not among them.
    private static let pictureExtensions = BoxRule.leaves([
        "avcC", "avcE", "hvcC", "hvcE", "lhvC", "vvcC", "evcC", "av1C", "vpcC", "dvcC", "dvvC", "dvwC", "esds", "d263",
        "dvc1", "strf", "glbl", "SMI ", "mjqt", "mjht", "jxsH", "jpvi", "ACLR", "APRG", "ARES", "ADHR", "pasp", "clap",
        "colr", "fiel", "gama", "btrt", "bitr", "mdcv", "clli", "cclv", "amve", "SmDm", "CoLL", "ccst", "auxi", "st3d",
        "hfov",
    ]).merging(
        [
            "sv3d": .boxes(["proj": .boxes(BoxRule.leaves(["prhd", "equi", "cbmp", "mshp"]))]),
            "vexu": .boxes([
                "must": .leaf, "proj": .boxes(BoxRule.leaves(["prji"])), "pack": .boxes(BoxRule.leaves(["pkin"])),
                "eyes": .boxes([
                    "must": .leaf, "stri": .leaf, "hero": .leaf, "cams": .boxes(BoxRule.leaves(["blin"])),
                    "cmfy": .boxes(BoxRule.leaves(["dadj"])),
                ]),
            ]),
            "sinf": protection,
        ], uniquingKeysWith: { $1 })

    private static let soundExtensions = BoxRule.leaves([
        "esds", "chan", "chnl", "dac3", "dec3", "dac4", "dOps", "alac", "damr", "dmlp", "ddts", "udts", "mhaC",
        "mhaP", "iacb", "pcmC", "srat", "btrt", "bitr", "glbl", "SA3D", "frma", "enda", "mp4a", "QDCA", "QDCP", "QDM2",
    ]).merging(["sinf": protection, "dfLa": .flacBlocks], uniquingKeysWith: { $1 })

    private static let protection = BoxRule.boxes(
        BoxRule.leaves(["frma", "schm"]).merging(
            ["schi": .boxes(BoxRule.leaves(["tenc"]))], uniquingKeysWith: { $1 }))
}
