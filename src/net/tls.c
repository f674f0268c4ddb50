/* The TLS engine over Mbed TLS: bytes in, bytes out. It knows no stream, no loop and no file. An
 * engine belongs to whoever made it; Mbed TLS's buffers of 16 KiB each way are most of it, until it
 * shares them (tls_memory.c). */
#include "net/tls.h"

#include <assert.h>

#include "net/tls_mbed.h"
#include "weir/err.h"

/* ---- what Mbed TLS reads from and writes to ---- */

static int send_cipher(void *engine, const unsigned char *bytes, size_t len) {
  weir__room *out = ((weir__tls *)engine)->out;
  size_t room = out->cap - out->len, n = len < room ? len : room;
  if (!n) return MBEDTLS_ERR_SSL_WANT_WRITE;
  memcpy(out->ptr + out->len, bytes, n);
  out->len += n;
  return (int)n;
}

static int receive_cipher(void *engine, unsigned char *bytes, size_t len) {
  weir__tls *e = engine;
  weir__slice *in = e->in;
  size_t n = len < in->len ? len : in->len;
  e->before = e->out->len;
  if (!n) return MBEDTLS_ERR_SSL_WANT_READ;
  memcpy(bytes, in->ptr, n);
  *in = weir__slice_of(in->ptr + n, in->len - n);
  return (int)n;
}

/* False: there is no memory for it, now and ever. */
static bool enter(weir__tls *e, weir__slice *in, weir__room *out) {
  assert(!e->out); /* one call at a time */
  if (!weir__tls_take_buffers(e)) return e->failure = WEIR_ENOMEM, false;
  e->nothing = weir__slice_of("", 0);
  e->in = in ? in : &e->nothing;
  e->out = out;
  e->before = out->len;
  return true;
}

static int leave(weir__tls *e, int rc) {
  weir__tls_give_buffers(e);
  e->in = NULL;
  e->out = NULL;
  return rc;
}

/* ---- failure ---- */

static uint32_t flags_of(const weir__tls *e) {
  uint32_t flags = mbedtls_ssl_get_verify_result(&e->ssl);
  if (flags == UINT32_MAX) flags = 0; /* nothing was verified yet */
  return (flags | e->cert_flags) & ~(uint32_t)MBEDTLS_X509_BADCERT_SKIP_VERIFY;
}

static bool is_about_certificates(int code) {
  return code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || code == MBEDTLS_ERR_X509_FATAL_ERROR ||
         code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE || code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE;
}

/* OpenSSL refuses our certificate by an alert in plain, where TLS 1.3 has keys already (RFC 8446,
 * 5.1 lets it): to Mbed TLS a record that is too short. The connection ends either way. */
static int plain_alert(const weir__tls *e, int code) {
  const unsigned char *record = e->ssl.MBEDTLS_PRIVATE(in_hdr);
  if (e->open || weir__tls_error(code) != WEIR_ETLS_RECORD) return -1;
  return !memcmp(record, "\x15\x03\x03\x00\x02\x02", 6) ? record[6] : -1;
}

/* Mbed TLS 3.6 has no function that tells. */
static int alert_of(const weir__tls *e, int code) {
  if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY;
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) return e->ssl.MBEDTLS_PRIVATE(in_msg)[1];
  return plain_alert(e, code);
}

static int reason(const weir__tls *e, int code) {
  uint32_t flags = flags_of(e);
  if (e->alert >= 0) return WEIR_ETLS_ALERT;
  if (is_about_certificates(code) && flags) return weir__tls_cert_error(flags, e->cert_alone);
  return weir__tls_error(code);
}

static unsigned char alert_for(int failure) {
  switch (failure) {
  case WEIR_ETLS_RECORD: return MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC;
  case WEIR_ETLS_MESSAGE: return MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE;
  case WEIR_ETLS_NO_CERT:
  case WEIR_ETLS_CIPHER: return MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
  case WEIR_ETLS_VERSION: return MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
  case WEIR_ETLS_USE: return MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
  case WEIR_ETLS_CERT: return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
  default: return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
  }
}

/* Mbed TLS tells the peer in most cases. Where it said nothing to what it read last, we do. */
static int fail(weir__tls *e, int failure) {
  e->failure = failure;
  if (e->out->len == e->before && failure != WEIR_ETLS_ALERT)
    (void)mbedtls_ssl_send_alert_message(&e->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                         alert_for(failure));
  return failure;
}

static int fail_with(weir__tls *e, int code) {
  e->alert = alert_of(e, code);
  return fail(e, reason(e, code));
}

/* ---- handshake ---- */

/* What Mbed TLS lets pass where a certificate is only wanted. */
static bool is_welcome(weir__tls *e) {
  uint32_t flags = flags_of(e) & ~(uint32_t)MBEDTLS_X509_BADCERT_MISSING;
  if (e->config->o.client_cert != WEIR_TLS_CLIENT_CERT_WANTED || !flags) return true;
  e->before = e->out->len;
  (void)fail(e, weir__tls_cert_error(flags, e->cert_alone));
  return false;
}

/* The sizes of records do not change any more. */
static int opened(weir__tls *e) {
  int most = mbedtls_ssl_get_max_out_record_payload(&e->ssl);
  int more = mbedtls_ssl_get_record_expansion(&e->ssl);
  if (most <= 0 || more < 0) return fail_with(e, MBEDTLS_ERR_SSL_INTERNAL_ERROR);
  e->record_max = most < WEIR__TLS_RECORD ? (size_t)most : WEIR__TLS_RECORD;
  e->record_more = (size_t)more;
  e->open = true;
  e->session_waiting =
      !e->config->server && !e->config->o.no_resumption && weir__tls_version(e) == WEIR_TLS_1_2;
  return WEIR__TLS_DONE;
}

/* What a server says after its Finished has the keys of the application (RFC 8446, 4.4.4), which Mbed
 * TLS takes only once it has the client's: an alert about the certificate of a client would be
 * noise to it. Nothing but alerts is written in between. */
static void take_application_keys(weir__tls *e) {
  mbedtls_ssl_transform *keys = e->ssl.MBEDTLS_PRIVATE(transform_application);
  if (!e->config->server || !keys || e->ssl.MBEDTLS_PRIVATE(transform_out) == keys) return;
  e->ssl.MBEDTLS_PRIVATE(transform_out) = keys;
  memset(e->ssl.MBEDTLS_PRIVATE(cur_out_ctr), 0, sizeof e->ssl.MBEDTLS_PRIVATE(cur_out_ctr));
}

/* Mbed TLS may ask for more although there is some. Each step begins with what the one before has
 * left to send. */
static int shake(weir__tls *e) {
  int rc = 0;
  while (!mbedtls_ssl_is_handshake_over(&e->ssl)) {
    e->before = e->out->len;
    take_application_keys(e);
    rc = mbedtls_ssl_handshake_step(&e->ssl);
    if (rc && (rc != MBEDTLS_ERR_SSL_WANT_READ || !e->in->len)) break;
  }
  return rc;
}

/* Mbed TLS would leave a server's tickets to the first read or write: they belong to the handshake. */
static int send_tickets(weir__tls *e) {
  int rc = 0;
  e->before = e->out->len;
  while (e->config->server && !rc && e->ssl.MBEDTLS_PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER)
    rc = mbedtls_ssl_handshake_step(&e->ssl);
  return rc;
}

static int handshake(weir__tls *e) {
  int rc = shake(e);
  if (rc == 0 && !is_welcome(e)) return e->failure;
  if (rc == 0) rc = send_tickets(e);
  if (rc == 0) return opened(e);
  if (rc == MBEDTLS_ERR_SSL_WANT_READ) return WEIR__TLS_MORE;
  if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) return WEIR__TLS_FULL;
  return fail_with(e, rc);
}

int weir__tls_handshake(weir__tls *e, weir__slice *in, weir__room *out) {
  if (e->failure) return e->failure;
  if (e->open) return WEIR__TLS_DONE;
  if (!enter(e, in, out)) return e->failure;
  return leave(e, handshake(e));
}

/* A server of TLS 1.3 that waits for a Finished, and for no certificate before it. */
bool weir__tls_is_light(const weir__tls *e) {
  return e->config->server && e->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CLIENT_FINISHED &&
         weir__tls_version(e) == WEIR_TLS_1_3;
}

/* ---- reading ---- */

static int got_close_notify(weir__tls *e) {
  e->over = true;
  if (e->in->len) *e->in = weir__slice_of(e->in->ptr + e->in->len, 0);
  return WEIR__TLS_CLOSED;
}

/* Mbed TLS is asked twice: it asks for more after a ticket that it has not looked at yet. */
static int read_plain(weir__tls *e, weir__room *plain) {
  bool again = false;
  while (plain->len < plain->cap) {
    e->before = e->out->len;
    int n = mbedtls_ssl_read(&e->ssl, (unsigned char *)plain->ptr + plain->len,
                             plain->cap - plain->len);
    bool dry = n == MBEDTLS_ERR_SSL_WANT_READ && !e->in->len;
    if (dry && again) return WEIR__TLS_MORE;
    again = dry;
    if (n > 0)
      plain->len += (size_t)n;
    else if (n == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
      e->session_waiting = true;
    else if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
      return got_close_notify(e);
    else if (n == MBEDTLS_ERR_SSL_WANT_WRITE)
      return WEIR__TLS_FULL;
    else if (n != MBEDTLS_ERR_SSL_WANT_READ)
      return fail_with(e, n);
  }
  return WEIR__TLS_FULL;
}

int weir__tls_read(weir__tls *e, weir__slice *in, weir__room *plain, weir__room *out) {
  if (e->failure) return e->failure;
  if (!e->open) return WEIR_ESTATE;
  if (!enter(e, in, out)) return e->failure;
  return leave(e, e->over ? got_close_notify(e) : read_plain(e, plain));
}

/* ---- writing ---- */

/* Moves past what has gone; false when there is no more. */
static bool trim(weir__tls_flush *f) {
  while (f->count && f->skip >= f->slices->len) {
    f->skip -= f->slices->len;
    f->slices++, f->count--;
  }
  return f->count > 0;
}

static size_t length(const weir__tls_flush *f, size_t most) {
  size_t sum = 0;
  for (size_t i = 0; i < f->count && sum < most + f->skip; i++) sum += f->slices[i].len;
  return sum - f->skip < most ? sum - f->skip : most;
}

/* The next `len` bytes in one place: where they are, if one slice holds them all. */
static const char *gather(const weir__tls_flush *f, char *room, size_t len) {
  size_t skip = f->skip, done = 0;
  if (f->slices->len - skip >= len) return f->slices->ptr + skip;
  for (const weir__slice *s = f->slices; done < len; s++, skip = 0) {
    size_t n = s->len - skip < len - done ? s->len - skip : len - done;
    memcpy(room + done, s->ptr + skip, n);
    done += n;
  }
  return room;
}

static int write_record(weir__tls *e, weir__tls_flush *f) {
  char room[WEIR__TLS_RECORD];
  size_t len = length(f, e->record_max);
  if (e->out->cap - e->out->len < len + e->record_more) return MBEDTLS_ERR_SSL_WANT_WRITE;
  int n = mbedtls_ssl_write(&e->ssl, (const unsigned char *)gather(f, room, len), len);
  if (n < 0) return n;
  f->skip += (size_t)n;
  return 0;
}

static int write_plain(weir__tls *e, weir__tls_flush *f) {
  while (trim(f)) {
    e->before = e->out->len;
    int rc = write_record(e, f);
    if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) return WEIR__TLS_FULL;
    if (rc) return fail_with(e, rc);
  }
  return WEIR__TLS_DONE;
}

int weir__tls_write(weir__tls *e, weir__tls_flush *plain, weir__room *out) {
  if (e->failure) return e->failure;
  if (!e->open || e->close_sent) return WEIR_ESTATE;
  if (!enter(e, NULL, out)) return e->failure;
  return leave(e, write_plain(e, plain));
}

static int close_notify(weir__tls *e) {
  int rc = mbedtls_ssl_close_notify(&e->ssl);
  if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) return WEIR__TLS_FULL;
  e->before = e->out->len;
  if (rc) return fail_with(e, rc);
  e->close_sent = true;
  return WEIR__TLS_DONE;
}

int weir__tls_close(weir__tls *e, weir__room *out) {
  if (e->failure) return e->failure;
  if (!e->open) return WEIR_ESTATE;
  if (e->close_sent) return WEIR__TLS_DONE;
  if (!enter(e, NULL, out)) return e->failure;
  return leave(e, close_notify(e));
}

/* ---- what is known ---- */

static bool begins_record(weir__slice in) {
  unsigned char type = (unsigned char)in.ptr[0];
  return type >= MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC && type <= MBEDTLS_SSL_MSG_APPLICATION_DATA;
}

/* Of the record that `in` begins with, header and all; 0 if it is not whole. Bytes that can begin
 * none are not worth waiting for more of them. */
static size_t record(weir__slice in) {
  const unsigned char *b = (const unsigned char *)in.ptr;
  if (in.len && !begins_record(in)) return in.len;
  if (in.len < 5) return 0;
  size_t size = 5 + ((size_t)b[3] << 8 | b[4]);
  if (size - 5 > WEIR__TLS_CIPHER) return in.len;
  return size <= in.len ? size : 0;
}

size_t weir__tls_records(weir__slice in) {
  size_t all = 0, one;
  for (; in.len && (one = record(in)) > 0; all += one)
    in = weir__slice_of(in.ptr + one, in.len - one);
  return all;
}

bool weir__tls_is_client(const weir__tls *e) { return !e->config->server; }
bool weir__tls_is_open(const weir__tls *e) { return e->open; }
const char *weir__tls_alpn(const weir__tls *e) { return mbedtls_ssl_get_alpn_protocol(&e->ssl); }
int weir__tls_version(const weir__tls *e) { return (int)mbedtls_ssl_get_version_number(&e->ssl); }
int weir__tls_alert(const weir__tls *e) { return e->alert; }

int weir__tls_bare_end(const weir__tls *e) {
  return e->config->o.ignore_missing_close_notify ? 0 : WEIR_ETLS_TRUNCATED;
}

const char *weir__tls_cipher(const weir__tls *e) {
  return weir__tls_cipher_name(mbedtls_ssl_get_ciphersuite_id_from_ssl(&e->ssl));
}

bool weir__tls_resumed(const weir__tls *e) { return e->open && e->verify_name && !e->cert_seen; }

/* ---- beginning and end ---- */

static int new_engine(weir__tls **to, weir__mem *mem, weir_tls *tls) {
  weir__tls *e = weir__mem_new(mem, sizeof *e);
  if (!e) return WEIR_ENOMEM;
  e->mem = mem;
  e->alert = -1;
  e->config = weir__tls_config_of(tls);
  mbedtls_ssl_init(&e->ssl);
  mbedtls_ssl_set_bio(&e->ssl, e, send_cipher, receive_cipher, NULL);
  mbedtls_ssl_set_verify(&e->ssl, weir__tls_on_cert, e);
  *to = e;
  int rc = mbedtls_ssl_setup(&e->ssl, &e->config->ssl);
  return rc ? weir__tls_error(rc) : 0;
}

static int finish(weir__tls **engine, weir__tls *e, int rc) {
  if (rc)
    weir__tls_free(e);
  else
    *engine = e;
  return rc;
}

int weir__tls_accept(weir__tls **engine, weir__mem *mem, weir_tls *tls) {
  weir__tls *e = NULL;
  int rc = new_engine(&e, mem, tls);
  return finish(engine, e, rc);
}

/* An address is no server name (RFC 6066, 3). */
static int set_names(weir__tls *e, const char *host) {
  const weir_tls_options *o = &e->config->o;
  const char *sni = o->sni ? o->sni : host;
  bool none = !sni || !*sni || weir__tls_is_address(sni);
  int rc = mbedtls_ssl_set_hostname(&e->ssl, none ? NULL : sni);
  if (rc) return rc == MBEDTLS_ERR_SSL_BAD_INPUT_DATA ? WEIR_EINVAL : weir__tls_error(rc);
  if (o->insecure_accept_any_certificate) return 0;
  const char *name = o->verify_name ? o->verify_name : host;
  if (!name || !*name) return WEIR_EINVAL;
  e->verify_name = weir__mem_copy(e->mem, weir__slice_str(name));
  return e->verify_name ? 0 : WEIR_ENOMEM;
}

int weir__tls_connect(weir__tls **engine, weir__mem *mem, weir_tls *tls, const char *host,
                      weir__slice session) {
  weir__tls *e = NULL;
  int rc = new_engine(&e, mem, tls);
  if (!rc) rc = set_names(e, host);
  if (!rc) weir__tls_resume_with(e, session);
  return finish(engine, e, rc);
}

void weir__tls_free(weir__tls *e) {
  if (!e) return;
  weir__tls_leave_buffers(e);
  mbedtls_ssl_free(&e->ssl);
  weir__tls_config_drop(e->config);
  weir__mem_free(e->mem, e->verify_name);
  weir__mem_free(e->mem, e);
}
