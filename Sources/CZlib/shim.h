// zlib's public interface, and its initialiser, which is a macro.
#pragma once
#include <zlib.h>

/// Starts inflating; `window_bits` as inflateInit2 has them (15 + 16 for gzip).
static inline int czlib_inflate_init(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

/// Starts deflating; `window_bits` as deflateInit2 has them (15 + 16 for gzip).
static inline int czlib_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
}
