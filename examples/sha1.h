/* SHA-1 and Base64 for one purpose: the Sec-WebSocket-Accept of RFC 6455, section 4.2.2.
 * Not for secrets: SHA-1 is broken for signatures, and the handshake only asks for an echo.
 * Nothing is allocated; the caller owns every buffer. */
#ifndef EXAMPLES_SHA1_H
#define EXAMPLES_SHA1_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static inline uint32_t sha1_rotate(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

static inline void sha1_block(uint32_t h[5], const unsigned char *p) {
  uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 16; i++, p += 4) {
    w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  }
  for (int i = 16; i < 80; i++) w[i] = sha1_rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                 : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                          : (b ^ c ^ d) + 0xca62c1d6;
    uint32_t next = sha1_rotate(a, 5) + f + e + w[i];
    e = d, d = c, c = sha1_rotate(b, 30), b = a, a = next;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* The digest of up to 119 bytes, which with their padding are two blocks at most. */
static inline void sha1_short(const char *p, size_t length, unsigned char digest[20]) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  unsigned char block[128] = {0};
  size_t end = length < 56 ? 64 : 128;
  memcpy(block, p, length);
  block[length] = 0x80;
  block[end - 2] = (unsigned char)(length * 8 >> 8);
  block[end - 1] = (unsigned char)(length * 8);
  for (size_t at = 0; at < end; at += 64) sha1_block(h, block + at);
  for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

/* Twenty bytes are six groups of three and one of two, so exactly one `=` ends the text. */
static inline void base64_digest(const unsigned char digest[20], char out[29]) {
  static const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char padded[21] = {0};
  memcpy(padded, digest, 20);
  for (int i = 0; i < 28; i++) {
    const unsigned char *three = padded + i / 4 * 3;
    uint32_t bits = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
    out[i] = alphabet[bits >> (18 - i % 4 * 6) & 63];
  }
  memcpy(out + 27, "=", 2);
}

/* `key` is what the client sent as Sec-WebSocket-Key: 24 characters. */
static inline void websocket_accept(const char *key, char accept[29]) {
  char both[24 + 36 + 1];
  unsigned char digest[20];
  snprintf(both, sizeof both, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  sha1_short(both, strlen(both), digest);
  base64_digest(digest, accept);
}

#endif
