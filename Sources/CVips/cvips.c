#include "cvips.h"

#include <malloc.h>
#include <math.h>
#include <string.h>
#include <vips/vips.h>

static VipsImage *unwrap(const cvips_image *image) { return (VipsImage *) image; }
static cvips_image *wrap(VipsImage *image) { return (cvips_image *) image; }

// glib prints warnings whose text a hostile picture chooses. The caller reads cvips_error instead.
static void ignore_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
    (void) domain, (void) level, (void) message, (void) data;
}

int cvips_init(void) {
    g_log_set_default_handler(ignore_log, NULL);
    // No temporary files, because a killed worker would leave them. What does not fit into memory fails instead. libvips
    // reads this value as gigabytes in an int.
    g_setenv("VIPS_DISC_THRESHOLD", "1000000g", TRUE);
    // libvips starts threads for each picture. With an arena each, they would keep hundreds of megabytes allocated after a
    // few deep pictures, and the next large picture would exceed the worker's limit.
    mallopt(M_ARENA_MAX, 1);
    if (vips_init("parley")) return -1;
    vips_block_untrusted_set(TRUE);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    return 0;
}

const char *cvips_error(void) { return vips_error_buffer(); }

// Every entry point first clears earlier failures.
static VipsImage *open_image(const char *path, VipsAccess access, bool all_frames) {
    vips_error_clear();
    VipsSource *source = vips_source_new_from_file(path);
    if (source == NULL) return NULL;
    // A source, unlike a file name, is never parsed for "[options]".
    VipsImage *image = vips_image_new_from_source(source, all_frames ? "n=-1" : "", "access", access, NULL);
    g_object_unref(source);
    return image;
}

// A picture keeps its colors and its animation. All other fields are metadata to drop.
static bool is_kept(const char *field) {
    static const char *const kept[] = {
        VIPS_META_ICC_NAME, VIPS_META_N_PAGES, VIPS_META_PAGE_HEIGHT, "loop", "delay", "gif-loop", "gif-delay",
        "background", "gif-palette", "palette-bit-depth", "bits-per-sample",
    };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcmp(field, kept[i]) == 0) return true;
    return false;
}

// `image` is a copy that nobody else holds. libvips refuses to remove fields that are part of the image itself.
static void drop_metadata(VipsImage *image, bool drop_profile) {
    gchar **fields = vips_image_get_fields(image);
    for (gchar **field = fields; *field != NULL; field++)
        if (!is_kept(*field) || (drop_profile && strcmp(*field, VIPS_META_ICC_NAME) == 0))
            vips_image_remove(image, *field);
    g_strfreev(fields);
}

static bool has_metadata(VipsImage *image) {
    static const char *const prefixes[] = {
        "exif-", "xmp-", "iptc-", "photoshop-", "png-comment-", "gif-comment", VIPS_META_IMAGEDESCRIPTION,
    };
    bool found = false;
    gchar **fields = vips_image_get_fields(image);
    for (gchar **field = fields; *field != NULL && !found; field++)
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            found = found || strncmp(*field, prefixes[i], strlen(prefixes[i])) == 0;
    g_strfreev(fields);
    return found;
}

// Whether an embedded profile matches the kind of pixels (ICC.1, 7.2.8: the data colour space). libvips accepts one with
// fewer channels, and then the colors are wrong.
static bool profile_fits(VipsImage *image) {
    const void *profile = NULL;
    size_t size = 0;
    if (!vips_image_get_typeof(image, VIPS_META_ICC_NAME)
        || vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &size) || size < 20)
        return false;
    const char *expected = vips_image_get_bands(image) < 3 ? "GRAY" : "RGB ";
    if (vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK) expected = "CMYK";
    if (vips_image_get_interpretation(image) == VIPS_INTERPRETATION_LAB) expected = "Lab ";
    return memcmp((const char *) profile + 16, expected, 4) == 0;
}

int cvips_read_header(const char *path, cvips_header *header) {
    VipsImage *image = open_image(path, VIPS_ACCESS_SEQUENTIAL, false);
    if (image == NULL) return -1;
    memset(header, 0, sizeof *header);
    const char *loader = "";
    if (vips_image_get_typeof(image, VIPS_META_LOADER)) vips_image_get_string(image, VIPS_META_LOADER, &loader);
    g_strlcpy(header->loader, loader, sizeof header->loader);
    header->width = vips_image_get_width(image);
    header->height = vips_image_get_page_height(image);
    header->frames = vips_image_get_n_pages(image);
    header->orientation = vips_image_get_orientation(image);
    bool is_bare_cmyk = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK
        && !vips_image_get_typeof(image, VIPS_META_ICC_NAME);
    header->needs_conversion = is_bare_cmyk || profile_fits(image);
    header->is_bare_cmyk = is_bare_cmyk;
    header->has_metadata = has_metadata(image);
    g_object_unref(image);
    return 0;
}

// The pixels of `image` in memory, so several outputs share one decoding. Takes over the reference.
static cvips_image *into_memory(VipsImage *image) {
    VipsImage *memory = vips_image_copy_memory(image);
    g_object_unref(image);
    return wrap(memory);
}

// Browsers show the perceptual rendering, and some profiles have no other. Others lack just that.
static const VipsIntent intents[] = { VIPS_INTENT_PERCEPTUAL, VIPS_INTENT_RELATIVE };

static VipsImage *shrunk(
    const char *path, int edge, bool all_frames, bool upright, bool to_srgb, VipsIntent intent) {
    vips_error_clear();
    VipsSource *source = vips_source_new_from_file(path);
    if (source == NULL) return NULL;
    VipsImage *image = NULL;
    const char *options = all_frames ? "n=-1" : "";
    // Converting colors costs 40 % more CPU, so it is done only where it can change them.
    int failed = to_srgb
        ? vips_thumbnail_source(source, &image, edge, "height", edge, "size", VIPS_SIZE_DOWN, "option_string", options,
                                "no_rotate", !upright, "fail_on", VIPS_FAIL_ON_NONE, "export_profile", "srgb",
                                "intent", intent, NULL)
        : vips_thumbnail_source(source, &image, edge, "height", edge, "size", VIPS_SIZE_DOWN, "option_string", options,
                                "no_rotate", !upright, "fail_on", VIPS_FAIL_ON_NONE, NULL);
    g_object_unref(source);
    return failed ? NULL : image;
}

// Red is what cyan and black leave of the light, and so on. The image is one of four bands of ink.
static VipsImage *light_of_inks(VipsImage *inks) {
    VipsImage *step[6] = { NULL };
    int failed = vips_invert(inks, &step[0], NULL) || vips_extract_band(step[0], &step[1], 0, "n", 3, NULL)
        || vips_extract_band(step[0], &step[2], 3, NULL) || vips_multiply(step[1], step[2], &step[3], NULL)
        || vips_linear1(step[3], &step[4], 1 / 255.0, 0, "uchar", TRUE, NULL)
        || vips_copy(step[4], &step[5], "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    VipsImage *light = failed ? NULL : g_object_ref(step[5]);
    for (int i = 0; i < 6; i++) g_clear_object(&step[i]);
    return light;
}

cvips_image *cvips_thumbnail_bare_cmyk(const char *path, int edge) {
    cvips_header header;
    if (cvips_read_header(path, &header)) return NULL;
    // A JPEG is shrunk while it is decoded.
    int longest = header.width > header.height ? header.width : header.height, shrink = 8;
    while (shrink > 1 && longest / shrink < edge) shrink /= 2;
    VipsSource *source = vips_source_new_from_file(path);
    if (source == NULL) return NULL;
    char options[32];
    g_snprintf(options, sizeof options, "shrink=%d", shrink);
    VipsImage *image = vips_image_new_from_source(source, options, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    g_object_unref(source);
    if (image == NULL) return NULL;
    VipsImage *light = vips_image_get_bands(image) == 4 ? light_of_inks(image) : NULL;
    g_object_unref(image);
    if (light == NULL) return NULL;
    VipsImage *memory = unwrap(into_memory(light));
    if (memory == NULL) return NULL;
    // Turns it as its EXIF says.
    VipsImage *smaller = NULL;
    int failed = vips_thumbnail_image(memory, &smaller, edge, "height", edge, "size", VIPS_SIZE_DOWN, NULL);
    g_object_unref(memory);
    return failed ? NULL : into_memory(smaller);
}

cvips_image *cvips_thumbnail_file(const char *path, int edge, bool all_frames, bool upright, bool to_srgb) {
    VipsImage *memory = NULL;
    for (size_t i = 0; to_srgb && memory == NULL && i < sizeof intents / sizeof intents[0]; i++) {
        VipsImage *image = shrunk(path, edge, all_frames, upright, true, intents[i]);
        if (image != NULL) memory = unwrap(into_memory(image));
    }
    // A profile may be damaged. The colors are then kept as they are.
    bool is_converted = memory != NULL;
    if (memory == NULL) {
        VipsImage *image = shrunk(path, edge, all_frames, upright, false, VIPS_INTENT_RELATIVE);
        if (image != NULL) memory = unwrap(into_memory(image));
    }
    if (memory == NULL) return NULL;
    // Later steps must neither turn the picture again nor look at a profile that was unusable.
    if (!upright) vips_autorot_remove_angle(memory);
    if (!is_converted) vips_image_remove(memory, VIPS_META_ICC_NAME);
    return wrap(memory);
}

// The pixels of an image in memory, if they are numbers of 8 bits. Nothing else holds it yet.
static uint8_t *bytes_of(VipsImage *image, size_t *count) {
    if (image->BandFmt != VIPS_FORMAT_UCHAR || vips_image_inplace(image)) return NULL;
    *count = VIPS_IMAGE_N_PELS(image);
    return VIPS_IMAGE_ADDR(image, 0, 0);
}

// Where light is brighter than a screen's, how much of it is shown, as measured in Chromium 156.
static float toned_down(float light) {
    static const float from[] = { 0.44f, 0.5776f, 0.7771f, 1.0417f, 1.3934f, 1.8602f, 2.482f };
    static const float to[] = { 0.44f, 0.5647f, 0.665f, 0.7605f, 0.8469f, 0.9216f, 1 };
    const int last = sizeof from / sizeof from[0] - 1;
    if (light <= from[0]) return light;
    for (int i = 0; i < last; i++)
        if (light < from[i + 1]) return to[i] + (light - from[i]) / (from[i + 1] - from[i]) * (to[i + 1] - to[i]);
    return 1;
}

// Of BT.2100: the screen's own gamma, then a thousand candelas, by the same white as PQ's.
static float displayed(float *red, float *green, float *blue, cvips_hdr hdr) {
    if (hdr == CVIPS_HLG) {
        float luminance = 0.2627f * *red + 0.6780f * *green + 0.0593f * *blue;
        float gain = powf(luminance, 0.2f) * 1000 / 407;
        *red *= gain, *green *= gain, *blue *= gain;
    }
    float most = fmaxf(*red, fmaxf(*green, *blue));
    return most > 0 ? toned_down(most) / most : 1;
}

enum { SHADES = 4096 };

static uint8_t number_of(const uint8_t shades[SHADES + 1], float light) {
    return shades[(int) (fminf(fmaxf(light, 0), 1) * SHADES + 0.5f)];
}

void cvips_convert(cvips_image *image, const float light[256], const float matrix[9], cvips_hdr hdr) {
    VipsImage *pixels = unwrap(image);
    size_t count = 0;
    uint8_t *pixel = bytes_of(pixels, &count);
    if (pixel == NULL) return;
    uint8_t shades[SHADES + 1];
    for (int i = 0; i <= SHADES; i++) {
        float value = (float) i / SHADES;
        value = value <= 0.0031308f ? value * 12.92f : 1.055f * powf(value, 1 / 2.4f) - 0.055f;
        shades[i] = (uint8_t) (value * 255 + 0.5f);
    }
    for (size_t i = 0; i < count; i++, pixel += pixels->Bands) {
        float red = light[pixel[0]];
        float green = pixels->Bands < 3 ? red : light[pixel[1]];
        float blue = pixels->Bands < 3 ? red : light[pixel[2]];
        float gain = hdr == CVIPS_SDR ? 1 : displayed(&red, &green, &blue, hdr);
        red *= gain, green *= gain, blue *= gain;
        // Gray stays gray.
        if (pixels->Bands < 3) {
            pixel[0] = number_of(shades, red);
            continue;
        }
        for (int band = 0; band < 3; band++) {
            const float *row = matrix + band * 3;
            pixel[band] = number_of(shades, row[0] * red + row[1] * green + row[2] * blue);
        }
    }
}

static uint8_t clamped(float value) { return (uint8_t) (fminf(fmaxf(value, 0), 255) + 0.5f); }

void cvips_convert_ycbcr(cvips_image *image, bool is_studio) {
    VipsImage *pixels = unwrap(image);
    size_t count = 0;
    uint8_t *pixel = bytes_of(pixels, &count);
    if (pixel == NULL || pixels->Bands < 3) return;
    for (size_t i = 0; i < count; i++, pixel += pixels->Bands) {
        float y = pixel[0], cb = pixel[1] - 128.0f, cr = pixel[2] - 128.0f;
        // ITU-R BT.601: 16 to 235, and 16 to 240.
        if (is_studio) y = (y - 16) * (255 / 219.0f), cb *= 255 / 224.0f, cr *= 255 / 224.0f;
        pixel[0] = clamped(y + 1.402f * cr);
        pixel[1] = clamped(y - 0.344136f * cb - 0.714136f * cr);
        pixel[2] = clamped(y + 1.772f * cb);
    }
}

cvips_image *cvips_thumbnail_image(cvips_image *image, int edge) {
    vips_error_clear();
    VipsImage *smaller = NULL;
    if (vips_thumbnail_image(unwrap(image), &smaller, edge, "height", edge, "size", VIPS_SIZE_DOWN, NULL)) return NULL;
    return into_memory(smaller);
}

int cvips_width(const cvips_image *image) { return vips_image_get_width(unwrap(image)); }
int cvips_height(const cvips_image *image) { return vips_image_get_page_height(unwrap(image)); }

// webpsave's own "strip" still writes EXIF in libvips 8.14, so the fields are first removed from a copy.
static VipsImage *bare_copy(VipsImage *image, bool drop_profile) {
    VipsImage *copy = NULL;
    if (vips_copy(image, &copy, NULL)) return NULL;
    drop_metadata(copy, drop_profile);
    return copy;
}

int cvips_save_webp(cvips_image *image, const char *path, int quality, int effort, bool lossless) {
    vips_error_clear();
    VipsImage *copy = bare_copy(unwrap(image), true);
    if (copy == NULL) return -1;
    int result = vips_webpsave(copy, path, "Q", quality, "effort", effort, "lossless", lossless, "strip", TRUE, NULL);
    g_object_unref(copy);
    return result;
}

static int to_rgb(VipsImage *image, VipsImage **rgb) {
    VipsImage *step[3] = { NULL, NULL, NULL };
    int result = vips_colourspace(image, &step[0], VIPS_INTERPRETATION_sRGB, NULL);
    if (result == 0 && vips_image_hasalpha(step[0])) {
        VipsArrayDouble *white = vips_array_double_newv(1, 255.0);
        result = vips_flatten(step[0], &step[1], "background", white, NULL);
        vips_area_unref(VIPS_AREA(white));
    } else if (result == 0) {
        step[1] = g_object_ref(step[0]);
    }
    if (result == 0) result = vips_extract_band(step[1], &step[2], 0, "n", 3, NULL);
    if (result == 0) result = vips_cast_uchar(step[2], rgb, NULL);
    for (int i = 0; i < 3; i++) g_clear_object(&step[i]);
    return result;
}

int cvips_copy_rgb(cvips_image *image, uint8_t *pixels, size_t capacity) {
    vips_error_clear();
    VipsImage *rgb = NULL;
    if (to_rgb(unwrap(image), &rgb)) return -1;
    size_t size = 0;
    void *copy = vips_image_write_to_memory(rgb, &size);
    g_object_unref(rgb);
    int result = copy != NULL && size <= capacity ? 0 : -1;
    if (result == 0) memcpy(pixels, copy, size);
    g_free(copy);
    return result;
}

int cvips_save_jpeg(cvips_image *image, const char *path, int quality) {
    vips_error_clear();
    VipsImage *rgb = NULL;
    if (to_rgb(unwrap(image), &rgb)) return -1;
    VipsImage *copy = bare_copy(rgb, true);
    g_object_unref(rgb);
    if (copy == NULL) return -1;
    int result = vips_jpegsave(copy, path, "Q", quality, "optimize_coding", TRUE, "strip", TRUE, NULL);
    g_object_unref(copy);
    return result;
}

int cvips_reencode(const char *path, const char *output, cvips_format format, bool upright, bool all_frames) {
    VipsImage *image = open_image(path, upright ? VIPS_ACCESS_RANDOM : VIPS_ACCESS_SEQUENTIAL, all_frames);
    if (image == NULL) return -1;
    VipsImage *turned = NULL;
    int result = upright ? vips_autorot(image, &turned, NULL) : vips_copy(image, &turned, NULL);
    g_object_unref(image);
    if (result) return -1;
    VipsImage *copy = bare_copy(turned, !profile_fits(turned));
    g_object_unref(turned);
    if (copy == NULL) return -1;
    switch (format) {
    case CVIPS_JPEG: result = vips_jpegsave(copy, output, "Q", 90, "optimize_coding", TRUE, NULL); break;
    case CVIPS_PNG: result = vips_pngsave(copy, output, NULL); break;
    case CVIPS_WEBP: result = vips_webpsave(copy, output, "Q", 90, NULL); break;
    case CVIPS_WEBP_LOSSLESS: result = vips_webpsave(copy, output, "lossless", TRUE, NULL); break;
    case CVIPS_TIFF:
        result = vips_tiffsave(copy, output, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "predictor",
                               VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, NULL);
        break;
    case CVIPS_GIF: result = vips_gifsave(copy, output, NULL); break;
    }
    g_object_unref(copy);
    return result;
}

static bool is_decodable(const char *path) {
    VipsImage *image = open_image(path, VIPS_ACCESS_SEQUENTIAL, false);
    double average;
    bool result = image != NULL && vips_avg(image, &average, NULL) == 0;
    g_clear_object(&image);
    return result;
}

bool cvips_differs(const char *path, const char *other) {
    if (!is_decodable(path)) return false;
    VipsImage *image[2] = { open_image(path, VIPS_ACCESS_SEQUENTIAL, false), NULL };
    if (image[0] != NULL) image[1] = open_image(other, VIPS_ACCESS_SEQUENTIAL, false);
    VipsImage *differs = NULL;
    double sum = 1;
    bool is_same = image[1] != NULL && image[0]->Xsize == image[1]->Xsize && image[0]->Ysize == image[1]->Ysize
        && image[0]->Bands == image[1]->Bands && vips_notequal(image[0], image[1], &differs, NULL) == 0
        && vips_avg(differs, &sum, NULL) == 0 && sum == 0;
    g_clear_object(&differs);
    for (int i = 0; i < 2; i++) g_clear_object(&image[i]);
    return !is_same;
}

void cvips_free(cvips_image *image) { g_object_unref(unwrap(image)); }
