// A minimal program on libvips that makes the same files from a JPEG as Parley's media worker, byte for byte;
// `scenarios/thumbnails.py` compares them. It has no protocol, sandbox or limits, and hashes nothing.
//
//     thumbnails JPEG DIRECTORY COUNT     prints one JSON line: pictures, CPU seconds, the blurhash
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <vips/vips.h>

static const struct { const char *name; int edge; } sizes[] = { { "small", 160 }, { "medium", 480 }, { "large", 1280 } };

static void stop(const char *what) {
    fprintf(stderr, "thumbnails: %s: %s\n", what, vips_error_buffer());
    exit(1);
}

static unsigned char *read_file(const char *path, size_t *size) {
    gchar *bytes = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &bytes, &length, NULL)) stop(path);
    *size = length;
    return (unsigned char *) bytes;
}

static FILE *create(const char *path) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) stop(path);
    return file;
}

static VipsImage *open_jpeg(const char *path, VipsAccess access) {
    VipsImage *image = vips_image_new_from_file(path, "access", access, NULL);
    if (image == NULL) stop(path);
    return image;
}

static VipsImage *into_memory(VipsImage *image) {
    VipsImage *memory = vips_image_copy_memory(image);
    if (memory == NULL) stop("decode");
    g_object_unref(image);
    return memory;
}

// A copy without metadata and profile, for an encoder.
static VipsImage *bare(VipsImage *image) {
    VipsImage *copy = NULL;
    if (vips_copy(image, &copy, NULL)) stop("copy");
    gchar **fields = vips_image_get_fields(copy);
    for (gchar **field = fields; *field != NULL; field++) vips_image_remove(copy, *field);
    g_strfreev(fields);
    return copy;
}

// A WebP without the EXIF that libvips 8.14 puts into every one: RIFF chunks, of which EXIF and XMP are left out and the
// flags that announce them (bits 2 and 3 of VP8X) taken back.
static void write_webp(VipsImage *image, const char *path) {
    VipsImage *copy = bare(image);
    void *data = NULL;
    size_t size = 0;
    if (vips_webpsave_buffer(copy, &data, &size, "Q", 80, "effort", 2, "strip", TRUE, NULL)) stop("webpsave");
    g_object_unref(copy);
    unsigned char *bytes = data;
    size_t kept = 12;
    for (size_t at = 12; at + 8 <= size;) {
        guint32 length;
        memcpy(&length, bytes + at + 4, 4);
        size_t whole = 8 + (size_t) GUINT32_FROM_LE(length) + (length & 1);
        if (whole > size - at) whole = size - at;
        if (memcmp(bytes + at, "VP8X", 4) == 0) bytes[at + 8] &= (unsigned char) ~0x0C;
        if (memcmp(bytes + at, "EXIF", 4) != 0 && memcmp(bytes + at, "XMP ", 4) != 0) {
            memmove(bytes + kept, bytes + at, whole);
            kept += whole;
        }
        at += whole;
    }
    guint32 riff = GUINT32_TO_LE((guint32) (kept - 8));
    memcpy(bytes + 4, &riff, 4);
    FILE *file = create(path);
    fwrite(bytes, 1, kept, file);
    fclose(file);
    g_free(data);
}

// The JPEG without APPn other than JFIF, ICC_PROFILE and Adobe, and without comments (ITU-T T.81, annex B).
static void write_cleaned(const unsigned char *bytes, size_t size, const char *path) {
    FILE *file = create(path);
    fwrite(bytes, 1, 2, file);
    for (size_t at = 2; at + 4 <= size && bytes[at] == 0xFF;) {
        unsigned char marker = bytes[at + 1];
        size_t end = at + 2 + (size_t) (bytes[at + 2] << 8 | bytes[at + 3]);
        if (marker == 0xD9) break;
        if (marker == 0xDA)
            while (end + 1 < size) {
                const unsigned char *next = memchr(bytes + end, 0xFF, size - end - 1);
                if (next == NULL) { end = size; break; }
                end = (size_t) (next - bytes);
                if (next[1] != 0 && !(next[1] >= 0xD0 && next[1] <= 0xD7)) break;
                end += 2;
            }
        const unsigned char *content = bytes + at + 4;
        bool application = (marker & 0xF0) == 0xE0;
        bool kept = (marker == 0xE0 && memcmp(content, "JFIF", 5) == 0)
            || (marker == 0xE2 && memcmp(content, "ICC_PROFILE", 12) == 0)
            || (marker == 0xEE && memcmp(content, "Adobe", 5) == 0) || (!application && marker != 0xFE);
        if (kept) fwrite(bytes + at, 1, end - at, file);
        at = end;
    }
    fwrite("\xFF\xD9", 1, 2, file);
    fclose(file);
}

// With orientation 1, bytes are cut out. With any other, the pixels are turned and encoded again.
static void clean(const char *path, const char *output) {
    VipsImage *header = open_jpeg(path, VIPS_ACCESS_SEQUENTIAL);
    int orientation = vips_image_get_orientation(header);
    g_object_unref(header);
    size_t size = 0;
    unsigned char *bytes;
    if (orientation == 1) {
        bytes = read_file(path, &size);
    } else {
        VipsImage *image = open_jpeg(path, VIPS_ACCESS_RANDOM), *turned = NULL;
        if (vips_autorot(image, &turned, NULL)) stop("autorot");
        g_object_unref(image);
        VipsImage *copy = bare(turned);
        g_object_unref(turned);
        void *data = NULL;
        if (vips_jpegsave_buffer(copy, &data, &size, "Q", 90, "optimize_coding", TRUE, NULL)) stop("jpegsave");
        g_object_unref(copy);
        bytes = data;
    }
    write_cleaned(bytes, size, output);
    g_free(bytes);
}

// MARK: Blurhash (https://github.com/woltapp/blurhash, Algorithm.md), 4 × 3 components

static double linear_of(unsigned char byte) {
    double value = byte / 255.0;
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static int srgb_of(double linear) {
    double value = fmax(0, fmin(1, linear));
    return (int) ((value <= 0.0031308 ? value * 12.92 * 255 : (1.055 * pow(value, 1 / 2.4) - 0.055) * 255) + 0.5);
}

static char *base83(char *text, int value, int digits) {
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
    for (int i = digits - 1; i >= 0; i--, value /= 83) text[i] = alphabet[value % 83];
    return text + digits;
}

static void blurhash(VipsImage *image, char *text) {
    size_t size = 0;
    int width = vips_image_get_width(image), height = vips_image_get_height(image);
    unsigned char *pixels = vips_image_write_to_memory(image, &size);
    double factors[12][3] = { { 0 } }, largest = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int j = 0; j < 3; j++)
                for (int i = 0; i < 4; i++) {
                    double basis = cos(G_PI * i * x / width) * cos(G_PI * j * y / height);
                    for (int c = 0; c < 3; c++)
                        factors[j * 4 + i][c] += linear_of(pixels[(y * width + x) * 3 + c]) * basis;
                }
    g_free(pixels);
    for (int k = 0; k < 12; k++)
        for (int c = 0; c < 3; c++) {
            factors[k][c] *= (k == 0 ? 1.0 : 2.0) / (width * height);
            if (k > 0) largest = fmax(largest, fabs(factors[k][c]));
        }
    int quantised = (int) fmax(0, fmin(82, floor(largest * 166 - 0.5)));
    text = base83(text, 3 + 2 * 9, 1);
    text = base83(text, quantised, 1);
    text = base83(text, srgb_of(factors[0][0]) << 16 | srgb_of(factors[0][1]) << 8 | srgb_of(factors[0][2]), 4);
    for (int k = 1; k < 12; k++) {
        int value = 0;
        for (int c = 0; c < 3; c++) {
            double share = factors[k][c] / ((quantised + 1) / 166.0);
            value = value * 19 + (int) fmax(0, fmin(18, floor(copysign(sqrt(fabs(share)), share) * 9 + 9.5)));
        }
        text = base83(text, value, 2);
    }
    *text = 0;
}

static void process(const char *path, const char *directory, char *hash) {
    char output[4096];
    snprintf(output, sizeof output, "%s/cleaned", directory);
    clean(path, output);
    // One decoding, shrunk while loading. Each size is made from the next larger one.
    VipsImage *image = NULL;
    for (int i = 2; i >= 0; i--) {
        VipsImage *smaller = NULL;
        int edge = sizes[i].edge;
        if (image == NULL ? vips_thumbnail(path, &smaller, edge, "height", edge, "size", VIPS_SIZE_DOWN, NULL)
                          : vips_thumbnail_image(image, &smaller, edge, "height", edge, "size", VIPS_SIZE_DOWN, NULL))
            stop("thumbnail");
        g_clear_object(&image);
        image = into_memory(smaller);
        snprintf(output, sizeof output, "%s/%s.webp", directory, sizes[i].name);
        write_webp(image, output);
    }
    VipsImage *tiny = NULL;
    if (vips_thumbnail_image(image, &tiny, 32, "height", 32, "size", VIPS_SIZE_DOWN, NULL)) stop("thumbnail");
    blurhash(tiny, hash);
    g_object_unref(tiny);
    g_object_unref(image);
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec)
        + (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
    if (count != 4 || atoi(arguments[3]) < 1) {
        fputs("thumbnails JPEG DIRECTORY COUNT\n", stderr);
        return 2;
    }
    if (vips_init(arguments[0])) stop("vips_init");
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    char hash[64];
    process(arguments[1], arguments[2], hash);   // not counted: it loads libraries
    int pictures = atoi(arguments[3]);
    double before = cpu_seconds();
    for (int i = 0; i < pictures; i++) process(arguments[1], arguments[2], hash);
    printf("{\"pictures\":%d,\"cpuSeconds\":%.6f,\"blurhash\":\"", pictures, cpu_seconds() - before);
    for (const char *c = hash; *c; c++) printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    puts("\"}");
    return 0;
}
