// libvips behind plain types and functions of fixed arguments: its own API is variadic and drags in glib.
#ifndef CVIPS_H
#define CVIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One image, or one pipeline that will make it. Owned by the caller: cvips_free.
typedef struct cvips_image cvips_image;

typedef struct {
    char loader[32];         // libvips's name of the decoder, such as "jpegload_source"
    int width;               // of one frame, as stored: before any rotation
    int height;
    int frames;              // pages of a TIFF, frames of an animation
    int orientation;         // EXIF, 1 to 8; 1 where there is none
    bool needs_conversion;   // its colours are CMYK, or of a profile that fits them
    bool has_metadata;       // EXIF, XMP, IPTC, comments
} cvips_header;

typedef enum { CVIPS_JPEG, CVIPS_PNG, CVIPS_WEBP, CVIPS_WEBP_LOSSLESS, CVIPS_TIFF, CVIPS_GIF } cvips_format;

// Starts libvips for one thread, without caches, temporary files and the decoders it holds unsafe. 0, or -1. Sets
// environment variables and malloc's options: call it while there is one thread.
int cvips_init(void);

// The last failure, for a log. Valid until the next call.
const char *cvips_error(void);

// Reads the header alone; no pixel is decoded. 0, or -1.
int cvips_read_header(const char *path, cvips_header *header);

// A picture whose longer side is `edge` at most, never enlarged, decoded into memory; with `upright` turned as its EXIF
// says. With `to_srgb` its colours are converted, if its profile can be used. `all_frames` keeps an animation moving.
// NULL on failure.
cvips_image *cvips_thumbnail_file(const char *path, int edge, bool all_frames, bool upright, bool to_srgb);
cvips_image *cvips_thumbnail_image(cvips_image *image, int edge);

int cvips_width(const cvips_image *image);
int cvips_height(const cvips_image *image);   // of one frame

// Writes a WebP without any metadata. 0, or -1.
int cvips_save_webp(cvips_image *image, const char *path, int quality, int effort);

// Writes width × height × 3 bytes of sRGB, transparent parts on white. `capacity` in bytes. 0, or -1.
int cvips_copy_rgb(cvips_image *image, uint8_t *pixels, size_t capacity);

// Decodes the whole picture, turns it upright where `upright`, and writes it without metadata other than its colour
// profile, if it fits, and its animation. 0, or -1.
int cvips_reencode(const char *path, const char *output, cvips_format format, bool upright, bool all_frames);

void cvips_free(cvips_image *image);

#endif
