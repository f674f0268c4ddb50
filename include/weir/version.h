/* The version, and how a symbol is exported. */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0

#if defined(__GNUC__)
#define WEIR_EXTERN __attribute__((visibility("default")))
#else
#define WEIR_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, as "0.1.0"; of the llhttp and the Mbed TLS it was built
 * with, as "9.2.1" (uv_version_string() tells libuv's). Static memory. Any thread. */
WEIR_EXTERN const char *weir_version(void);
WEIR_EXTERN const char *weir_llhttp_version(void);
WEIR_EXTERN const char *weir_mbedtls_version(void);

#ifdef __cplusplus
}
#endif
#endif
