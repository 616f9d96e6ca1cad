/** Decodes a blurhash: a blurred picture in about 30 characters (github.com/woltapp/blurhash, Algorithm.md). */

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

type Color = readonly [number, number, number];

/** RGBA pixels, or undefined if the text is not a blurhash. */
export function decodeBlurhash(hash: string, width: number, height: number): Uint8ClampedArray | undefined {
  const sizes = base83(hash.slice(0, 1));
  if (sizes === undefined) return undefined;
  const columns = (sizes % 9) + 1;
  const rows = Math.floor(sizes / 9) + 1;
  if (hash.length !== 4 + 2 * columns * rows) return undefined;
  const colors = readColors(hash, columns * rows);
  if (colors === undefined) return undefined;

  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const sum = [0, 0, 0];
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
          const basis = Math.cos((Math.PI * x * column) / width) * Math.cos((Math.PI * y * row) / height);
          const color = colors[row * columns + column] ?? [0, 0, 0];
          for (let channel = 0; channel < 3; channel += 1) sum[channel] = (sum[channel] ?? 0) + (color[channel] ?? 0) * basis;
        }
      }
      const start = 4 * (y * width + x);
      pixels.set([toSrgb(sum[0] ?? 0), toSrgb(sum[1] ?? 0), toSrgb(sum[2] ?? 0), 255], start);
    }
  }
  return pixels;
}

function readColors(hash: string, count: number): Color[] | undefined {
  const maximum = base83(hash.slice(1, 2));
  const average = base83(hash.slice(2, 6));
  if (maximum === undefined || average === undefined) return undefined;
  const scale = (maximum + 1) / 166;
  const colors: Color[] = [[toLinear(average >> 16), toLinear((average >> 8) & 255), toLinear(average & 255)]];
  for (let index = 1; index < count; index += 1) {
    const value = base83(hash.slice(4 + 2 * index, 6 + 2 * index));
    if (value === undefined) return undefined;
    const part = (quantised: number) => signedSquare((quantised - 9) / 9) * scale;
    colors.push([part(Math.floor(value / 361)), part(Math.floor(value / 19) % 19), part(value % 19)]);
  }
  return colors;
}

function base83(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 83 + digit;
  }
  return text === "" ? undefined : value;
}

function toLinear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function toSrgb(value: number): number {
  const share = Math.max(0, Math.min(1, value));
  return (share <= 0.0031308 ? share * 12.92 : 1.055 * share ** (1 / 2.4) - 0.055) * 255;
}

function signedSquare(value: number): number {
  return Math.sign(value) * value * value;
}
