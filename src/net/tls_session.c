/* Sessions of origins, to resume with: bytes that the caller keeps. It knows no origin. The bytes
 * belong to whoever fetched them. */
#include "net/tls_mbed.h"
#include "weir/err.h"

/* In front of what Mbed TLS writes: only under the terms that it began with may a session go on,
 * for whoever resumes is not judged again. */
typedef struct terms {
  uint64_t config;
  uint32_t name; /* the length of the name that was verified, which follows with its NUL */
} terms;

static const char *name_of(const weir__tls *e) { return e->verify_name ? e->verify_name : ""; }

static size_t terms_size(const weir__tls *e) { return sizeof(terms) + strlen(name_of(e)) + 1; }

static void write_terms(const weir__tls *e, char *to) {
  terms t = {.config = e->config->id, .name = (uint32_t)strlen(name_of(e))};
  memcpy(to, &t, sizeof t);
  memcpy(to + sizeof t, name_of(e), t.name + 1);
}

/* Takes them off the session; false if they are others. */
static bool read_terms(const weir__tls *e, weir__slice *session) {
  terms t;
  size_t size = terms_size(e);
  if (session->len < size) return false;
  memcpy(&t, session->ptr, sizeof t);
  if (t.config != e->config->id || t.name != strlen(name_of(e))) return false;
  if (memcmp(session->ptr + sizeof t, name_of(e), t.name + 1) != 0) return false;
  *session = weir__slice_of(session->ptr + size, session->len - size);
  return true;
}

void weir__tls_resume_with(weir__tls *e, weir__slice session) {
  mbedtls_ssl_session s;
  if (e->config->o.no_resumption || !session.len || !read_terms(e, &session)) return;
  mbedtls_ssl_session_init(&s);
  /* One that is of no use, or for which there is no memory, costs a full handshake. */
  if (!mbedtls_ssl_session_load(&s, (const unsigned char *)session.ptr, session.len))
    (void)mbedtls_ssl_set_session(&e->ssl, &s);
  mbedtls_ssl_session_free(&s);
}

static int save(weir__tls *e, const mbedtls_ssl_session *s, weir__mem *mem, weir__slice *session) {
  size_t len = 0, front = terms_size(e);
  (void)mbedtls_ssl_session_save(s, NULL, 0, &len); /* tells the size */
  if (!len) return WEIR_ESTATE;
  char *bytes = weir__mem_new(mem, front + len);
  if (!bytes) return WEIR_ENOMEM;
  write_terms(e, bytes);
  int rc = mbedtls_ssl_session_save(s, (unsigned char *)bytes + front, len, &len);
  if (rc) {
    weir__mem_free(mem, bytes);
    return weir__tls_error(rc);
  }
  *session = weir__slice_of(bytes, front + len);
  return 0;
}

bool weir__tls_has_session(const weir__tls *e) { return e->session_waiting; }

int weir__tls_session(weir__tls *e, weir__mem *mem, weir__slice *session) {
  mbedtls_ssl_session s;
  if (!e->session_waiting) return WEIR_ESTATE;
  e->session_waiting = false;
  mbedtls_ssl_session_init(&s);
  int rc = mbedtls_ssl_get_session(&e->ssl, &s);
  rc = rc ? weir__tls_error(rc) : save(e, &s, mem, session);
  mbedtls_ssl_session_free(&s);
  return rc;
}
