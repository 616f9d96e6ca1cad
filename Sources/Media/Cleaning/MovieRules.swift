/// The boxes of a movie that are kept: its structure and its tables (ISO/IEC 14496-12, table 1; QuickTime File Format, "Movie
/// Atoms"). `udta`, `meta`, `uuid`, and everything else that a camera inserts, are not here.
enum MovieRules {
    /// On the file's top level.
    static let file = BoxRule.leaves(["ftyp", "styp", "pdin", "sidx", "ssix", "mdat"]).merging(
        [
            "mfra": .boxes(BoxRule.leaves(["tfra", "mfro"])), "moof": .boxes(fragment),
            // Tracks are examined one by one.
            "moov": .boxes(["mvhd": .times, "mvex": .boxes(BoxRule.leaves(["mehd", "trex"])), "trak": .leaf]),
        ], uniquingKeysWith: { $1 })

    private static let fragment: [String: BoxRule] = [
        "mfhd": .leaf, "traf": .boxes(BoxRule.leaves(["tfhd", "tfdt", "trun", "sdtp", "sbgp", "sgpd"])),
    ]

    /// In the `trak` of a track that is kept.
    static func track(_ descriptions: SampleDescriptions) -> [String: BoxRule] {
        var samples = BoxRule.leaves([
            "stts", "ctts", "cslg", "stsc", "stsz", "stz2", "stco", "co64", "stss", "stsh", "stps", "sdtp", "sbgp",
            "sgpd", "stdp",
        ])
        samples["stsd"] = .sampleDescriptions(descriptions)
        let information: [String: BoxRule] = [
            "vmhd": .leaf, "smhd": .leaf, "nmhd": .leaf, "sthd": .leaf,
            "gmhd": .boxes(BoxRule.leaves(["gmin", "text"])), "hdlr": .handler, "dinf": dataInformation,
            "stbl": .boxes(samples),
        ]
        return [
            "tkhd": .times, "edts": .boxes(BoxRule.leaves(["elst"])), "tref": .boxes(references),
            "tapt": .boxes(BoxRule.leaves(["clef", "prof", "enof"])),
            "mdia": .boxes(["mdhd": .times, "hdlr": .handler, "minf": .boxes(information)]),
        ]
    }

    static let dataInformation = BoxRule.boxes(["dref": .dataReferences])

    /// References between picture and sound tracks: chapter pictures, another language, depth, layers.
    private static let references = BoxRule.leaves([
        "chap", "fall", "folw", "forc", "vdep", "vplx", "scal", "sbas", "subt", "auxl", "prem",
    ])
}
