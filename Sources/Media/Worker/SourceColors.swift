internal import CVips
internal import Glibc

/// How a picture without a color profile means its numbers, as browsers take it: the measure is what Chromium paints.
struct SourceColors: Equatable {
    /// How numbers become light.
    enum Transfer: Equatable {
        case sRGB, linear
        case power(Double)
        /// Perceptual quantizer and hybrid log-gamma (Rec. ITU-R BT.2100): brighter than a screen, so it is toned down.
        case pq, hlg
    }

    /// Chromaticities of red, green, blue and white.
    struct Primaries: Equatable {
        var x: [Double]
        var y: [Double]

        static let sRGB = Primaries(x: [0.64, 0.30, 0.15, 0.3127], y: [0.33, 0.60, 0.06, 0.3290])
        static let bt2020 = Primaries(x: [0.708, 0.170, 0.131, 0.3127], y: [0.292, 0.797, 0.046, 0.3290])
        static let p3 = Primaries(x: [0.680, 0.265, 0.150, 0.3127], y: [0.320, 0.690, 0.060, 0.3290])
        static let smpte170 = Primaries(x: [0.630, 0.310, 0.155, 0.3127], y: [0.340, 0.595, 0.070, 0.3290])
        static let pal = Primaries(x: [0.64, 0.29, 0.15, 0.3127], y: [0.33, 0.60, 0.06, 0.3290])
    }

    var primaries: Primaries
    var transfer: Transfer

    /// Nil where the numbers are taken as they are.
    init?(_ primaries: Primaries, _ transfer: Transfer) {
        if primaries == .sRGB && transfer == .sRGB { return nil }
        (self.primaries, self.transfer) = (primaries, transfer)
    }

    /// Code points of ITU-T H.273, in a PNG's `cICP` and a HEIF's `colr`. Chromium takes the curves of television for gamma 2.4
    /// in the first, and for sRGB's in the second.
    init?(primaries: Int, transfer: Int, television: Transfer) {
        let transfers: [Int: Transfer] = [
            1: television, 6: television, 14: television, 15: television, 4: .power(2.2), 5: .power(2.8), 8: .linear,
            13: .sRGB, 16: .pq, 18: .hlg,
        ]
        let all: [Int: Primaries] = [
            1: .sRGB, 5: .pal, 6: .smpte170, 7: .smpte170, 9: .bt2020, 12: .p3,
        ]
        guard let primaries = all[primaries], let transfer = transfers[transfer] else { return nil }
        self.init(primaries, transfer)
    }

    // MARK: - What a file says

    init?(_ file: ByteView, _ format: PictureFormat) {
        switch format {
        case .png: self.init(png: file)
        case .heif: self.init(heif: file)
        case .jpeg, .webp, .gif, .tiff: return nil
        }
    }

    /// W3C PNG, third edition, section 4.3: `cICP`, then a profile, then `sRGB`, then `gAMA` and `cHRM`.
    private init?(png file: ByteView) {
        var gamma: Double?
        var primaries = Primaries.sRGB
        var position = 8
        while let length = try? file.bigEndian(position, size: 4), let type = try? file.fourCC(position + 4),
            type != "IDAT"
        {
            let content = position + 8
            func field(_ index: Int) -> Double {
                Double((try? file.bigEndian(content + index * 4, size: 4)) ?? 0) / 100_000
            }
            switch type {
            case "cICP" where length == 4:
                guard let code = try? file.slice(content, 2).map(Int.init) else { return nil }
                self.init(primaries: code[0], transfer: code[1], television: .power(2.4))
                return
            case "iCCP", "sRGB": return nil
            case "gAMA" where length == 4 && (0.01...100).contains(field(0)): gamma = field(0)
            case "cHRM" where length == 32:
                let (x, y) = ([2, 4, 6, 0].map(field), [3, 5, 7, 1].map(field))
                if y.allSatisfy({ $0 > 0.001 }) { primaries = Primaries(x: x, y: y) }
            default: break
            }
            position = content + length + 4
        }
        guard let gamma else { return nil }
        self.init(primaries, .power(1 / gamma))
    }

    /// The first property of color (ISO/IEC 23008-12, section 6.5.5). libvips knows profiles, and takes numbers as sRGB's.
    private init?(heif file: ByteView) {
        var boxes = (try? ISOBox.list(file, in: 0..<file.count, tolerant: true)) ?? []
        for type in ["meta", "iprp", "ipco"] {
            guard let box = boxes.first(where: { $0.type == type }) else { return nil }
            let start = box.content.lowerBound + (type == "meta" ? 4 : 0)
            guard start <= box.content.upperBound else { return nil }
            boxes = (try? ISOBox.list(file, in: start..<box.content.upperBound, tolerant: true)) ?? []
        }
        let colors = boxes.filter { $0.type == "colr" && $0.content.count >= 11 }
        guard let color = colors.first(where: { file.has("nclx", at: $0.content.lowerBound) }), colors.count == 1,
            let primaries = try? file.bigEndian(color.content.lowerBound + 4, size: 2),
            let transfer = try? file.bigEndian(color.content.lowerBound + 6, size: 2)
        else { return nil }
        self.init(primaries: primaries, transfer: transfer, television: .sRGB)
    }

    // MARK: - Converting

    var isHDR: Bool { transfer == .pq || transfer == .hlg }

    /// Light for each number, where 1 is white.
    var light: [Float] { (0...255).map { Float(light(of: Double($0) / 255)) } }

    private func light(of value: Double) -> Double {
        switch transfer {
        case .sRGB: return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        case .linear: return value
        case .power(let exponent): return pow(value, exponent)
        case .pq: return Self.pq(value)
        case .hlg:
            if value <= 0.5 { return value * value / 3 }
            return (exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
        }
    }

    /// Twice the reference white of HDR films, in candelas a square meter: the white that Chromium tones down to.
    private static let white = 407.0

    private static func pq(_ value: Double) -> Double {
        let root = pow(value, 1 / 78.84375)
        let ratio = max(0, root - 0.8359375) / (18.8515625 - 18.6875 * root)
        return pow(ratio, 1 / 0.1593017578125) * (10_000 / white)
    }

    /// Converts pixels to sRGB in place.
    func convert(_ picture: Picture) { picture.convert(light: light, matrix: matrix, hdr: hdr) }

    private var hdr: cvips_hdr {
        switch transfer {
        case .pq: CVIPS_PQ
        case .hlg: CVIPS_HLG
        default: CVIPS_SDR
        }
    }

    /// From these primaries' light to sRGB's, row by row.
    var matrix: [Float] {
        guard let toXYZ = Self.toXYZ(primaries), let ofSRGB = Self.toXYZ(.sRGB), let fromXYZ = Self.inverse(ofSRGB)
        else {
            return [1, 0, 0, 0, 1, 0, 0, 0, 1]
        }
        let adapted = Self.adaptation(primaries)
        return Self.product(fromXYZ, Self.product(adapted, toXYZ)).map(Float.init)
    }

    private static func toXYZ(_ primaries: Primaries) -> [Double]? {
        let columns = (0..<4).map { i in
            [primaries.x[i] / primaries.y[i], 1, (1 - primaries.x[i] - primaries.y[i]) / primaries.y[i]]
        }
        let matrix = (0..<3).flatMap { row in (0..<3).map { columns[$0][row] } }
        guard let inverse = inverse(matrix) else { return nil }
        let scale = (0..<3).map { row in (0..<3).reduce(0) { $0 + inverse[row * 3 + $1] * columns[3][$1] } }
        return (0..<9).map { matrix[$0] * scale[$0 % 3] }
    }

    /// Bradford's, to the white of sRGB.
    private static func adaptation(_ primaries: Primaries) -> [Double] {
        let bradford = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296]
        func cones(_ primaries: Primaries) -> [Double] {
            let (x, y) = (primaries.x[3], primaries.y[3])
            let white = [x / y, 1, (1 - x - y) / y]
            return (0..<3).map { row in (0..<3).reduce(0) { $0 + bradford[row * 3 + $1] * white[$1] } }
        }
        guard let back = inverse(bradford) else { return bradford }
        let (from, to) = (cones(primaries), cones(.sRGB))
        guard from.allSatisfy({ abs($0) > 1e-6 }) else { return [1, 0, 0, 0, 1, 0, 0, 0, 1] }
        let scale = (0..<3).flatMap { row in (0..<3).map { $0 == row ? to[row] / from[row] : 0 } }
        return product(back, product(scale, bradford))
    }

    private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
        (0..<9).map { place in
            let (row, column) = (place / 3 * 3, place % 3)
            return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6]
        }
    }

    private static func inverse(_ m: [Double]) -> [Double]? {
        func minor(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Double { m[a] * m[d] - m[b] * m[c] }
        let cofactors = [
            minor(4, 5, 7, 8), minor(2, 1, 8, 7), minor(1, 2, 4, 5), minor(5, 3, 8, 6), minor(0, 2, 6, 8),
            minor(2, 0, 5, 3),
            minor(3, 4, 6, 7), minor(1, 0, 7, 6), minor(0, 1, 3, 4),
        ]
        let determinant = m[0] * cofactors[0] + m[1] * cofactors[3] + m[2] * cofactors[6]
        guard abs(determinant) > 1e-9 else { return nil }
        return cofactors.map { $0 / determinant }
    }
}
