internal import Foundation

/// A placeholder for a picture in some twenty characters, by the published algorithm (Wolt's BlurHash,
/// https://github.com/woltapp/blurhash, Algorithm.md): a small cosine transform in linear light, in base 83.
enum Blurhash {
    private typealias Color = SIMD3<Double>

    /// `rgb` holds `width` × `height` pixels of sRGB. Nil for a picture without pixels. Some 32 pixels a side are enough.
    static func encode(rgb: [UInt8], width: Int, height: Int, components: (x: Int, y: Int) = (4, 3)) -> String? {
        guard width > 0, height > 0, rgb.count == width * height * 3 else { return nil }
        let linear = rgb.map { Self.linear[Int($0)] }
        var factors: [Color] = []
        for j in 0..<components.y {
            for i in 0..<components.x { factors.append(factor(i, j, linear, width, height)) }
        }
        let details = factors.dropFirst()
        let largest = details.map { max(abs($0.x), abs($0.y), abs($0.z)) }.max() ?? 0
        let quantized = max(0, min(82, Int((largest * 166 - 0.5).rounded(.down))))
        let scale = Double(quantized + 1) / 166
        return base83(components.x - 1 + (components.y - 1) * 9, digits: 1) + base83(quantized, digits: 1)
            + base83(average(factors[0]), digits: 4) + details.map { base83(detail($0 / scale), digits: 2) }.joined()
    }

    private static func factor(_ i: Int, _ j: Int, _ linear: [Double], _ width: Int, _ height: Int) -> Color {
        let across = (0..<width).map { cos(.pi * Double(i * $0) / Double(width)) }
        var sum = Color.zero
        for y in 0..<height {
            let down = cos(.pi * Double(j * y) / Double(height))
            for x in 0..<width {
                let pixel = (y * width + x) * 3
                sum += Color(linear[pixel], linear[pixel + 1], linear[pixel + 2]) * (across[x] * down)
            }
        }
        return sum * ((i == 0 && j == 0 ? 1 : 2) / Double(width * height))
    }

    private static func average(_ color: Color) -> Int { sRGB(color.x) << 16 | sRGB(color.y) << 8 | sRGB(color.z) }

    private static func detail(_ color: Color) -> Int {
        func quantized(_ value: Double) -> Int {
            let root = value < 0 ? -(-value).squareRoot() : value.squareRoot()
            return max(0, min(18, Int((root * 9 + 9.5).rounded(.down))))
        }
        return quantized(color.x) * 19 * 19 + quantized(color.y) * 19 + quantized(color.z)
    }

    private static let linear: [Double] = (0...255).map {
        let value = Double($0) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    private static func sRGB(_ linear: Double) -> Int {
        let value = max(0, min(1, linear))
        return Int((value <= 0.0031308 ? value * 12.92 * 255 : (1.055 * pow(value, 1 / 2.4) - 0.055) * 255) + 0.5)
    }

    private static let alphabet = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~")

    private static func base83(_ value: Int, digits: Int) -> String {
        var rest = value
        var text: [Character] = []
        for _ in 0..<digits {
            text.append(alphabet[rest % 83])
            rest /= 83
        }
        return String(text.reversed())
    }
}
