// libvips behind plain types and fixed-argument functions. Its own API is variadic and pulls in glib.
#ifndef CVIPS_H
#define CVIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// An image, or a pipeline that will make one. The caller owns it: cvips_free.
typedef struct cvips_image cvips_image;

typedef struct {
    char loader[32];         // libvips's name of the decoder, such as "jpegload_source"
    int width;               // of one frame, as stored: before any rotation
    int height;
    int frames;              // pages of a TIFF, frames of an animation
    int orientation;         // EXIF, 1 to 8; 1 if there is none
    bool needs_conversion;   // its colors are CMYK, or have a profile that matches them
    bool is_bare_cmyk;       // CMYK without a profile
    bool has_metadata;       // EXIF, XMP, IPTC, comments
} cvips_header;

typedef enum { CVIPS_JPEG, CVIPS_PNG, CVIPS_WEBP, CVIPS_WEBP_LOSSLESS, CVIPS_TIFF, CVIPS_GIF } cvips_format;

// Starts libvips for one thread, without caches, temporary files and the decoders that it calls untrusted. Returns 0 or -1.
// It sets environment variables and malloc's options, so call it while there is one thread.
int cvips_init(void);

// The last failure, for a log. Valid until the next call.
const char *cvips_error(void);

// Reads the header only and decodes no pixels. Returns 0 or -1.
int cvips_read_header(const char *path, cvips_header *header);

// Decodes a picture into memory, shrunk to at most `edge` on the longer side and never enlarged. `upright` turns it as its
// EXIF says. `to_srgb` converts its colors if its profile can be used. `all_frames` keeps an animation moving. Returns NULL
// on failure.
cvips_image *cvips_thumbnail_file(const char *path, int edge, bool all_frames, bool upright, bool to_srgb);
// The same for an upright JPEG in CMYK without a profile, by the arithmetic of browsers.
cvips_image *cvips_thumbnail_bare_cmyk(const char *path, int edge);
cvips_image *cvips_thumbnail_image(cvips_image *image, int edge);

// What numbers mean beyond a screen's range: nothing, or one of the two curves of BT.2100.
typedef enum { CVIPS_SDR, CVIPS_PQ, CVIPS_HLG } cvips_hdr;

// Converts the pixels of a decoded picture to sRGB in place: `light` says how much light each of 256 numbers is, and `matrix`
// (row by row) what red, green and blue it makes. Pictures of other than 8 bits stay as they are.
void cvips_convert(cvips_image *image, const float light[256], const float matrix[9], cvips_hdr hdr);

// Converts luminance and two differences (Rec. 601, of full range or that of television) to red, green and blue in place.
void cvips_convert_ycbcr(cvips_image *image, bool is_studio);

int cvips_width(const cvips_image *image);
int cvips_height(const cvips_image *image);   // of one frame

// Writes a WebP without any metadata. Returns 0 or -1.
int cvips_save_webp(cvips_image *image, const char *path, int quality, int effort, bool lossless);

// Writes a JPEG in sRGB without any metadata, with transparent parts on white. Returns 0 or -1.
int cvips_save_jpeg(cvips_image *image, const char *path, int quality);

// Writes width × height × 3 bytes of sRGB, with transparent parts on white. `capacity` is in bytes. Returns 0 or -1.
int cvips_copy_rgb(cvips_image *image, uint8_t *pixels, size_t capacity);

// Decodes the whole picture, turns it if `upright`, and writes it without metadata other than a matching color profile and
// its animation. Returns 0 or -1.
int cvips_reencode(const char *path, const char *output, cvips_format format, bool upright, bool all_frames);

// Whether two pictures decode to different pixels, of which the first one can be decoded at all.
bool cvips_differs(const char *path, const char *other);

void cvips_free(cvips_image *image);

#endif
