/* See client.h. OpenSSL reads from and writes to a BIO of our own: one recv() and one send() a
 * time, as on the plain path, and no copy of ours. */
#include "client.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "meter.h"

/* What one read holds, and what was left of a record by the one before. */
enum { PLAIN_MAX = READ_MAX + 32 * 1024 };

const char *client_bytes;
uint64_t client_arrival, client_handshakes, client_resumed;

static SSL_CTX *context; /* NULL: all is plain */
static BIO_METHOD *method;
static bool resume, stamped;
static char plain[PLAIN_MAX];
static const char *cipher; /* what came and OpenSSL has not taken */
static size_t cipher_len;

static _Noreturn void fail(const char *what) {
  ERR_print_errors_fp(stderr);
  errno = 0;
  die(what);
}

/* ---- what OpenSSL reads from and writes to ---- */

static int take_cipher(BIO *bio, char *to, int len) {
  size_t n = (size_t)len < cipher_len ? (size_t)len : cipher_len;
  BIO_clear_retry_flags(bio);
  if (!n) {
    BIO_set_retry_read(bio);
    return -1;
  }
  memcpy(to, cipher, n);
  cipher += n, cipher_len -= n;
  return (int)n;
}

static int send_cipher(BIO *bio, const char *bytes, int len) {
  const struct client *client = BIO_get_data(bio);
  loop_send(client->watch.fd, bytes, (size_t)len);
  return len;
}

static long control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static BIO *bio_of(struct client *client) {
  BIO *bio = BIO_new(method);
  if (!bio) fail("BIO_new");
  BIO_set_data(bio, client);
  BIO_set_init(bio, 1);
  return bio;
}

/* ---- sessions ---- */

/* Each is used once, as RFC 8446, C.4 wants it: the newest takes the place of the one before. */
static int on_session(SSL *ssl, SSL_SESSION *session) {
  struct client *client = SSL_get_app_data(ssl);
  SSL_SESSION_free(client->session);
  client->session = session;
  return 1;
}

static void count_handshake(struct client *client) {
  bool offered = resume && client->session, resumed = SSL_session_reused(client->ssl);
  if (resumed != offered) fail(offered ? "a session was not resumed" : "a session was resumed");
  client_handshakes++;
  client_resumed += resumed;
}

/* ---- beginning ---- */

/* One cipher, so that all relays use the same: the first of browsers. Groups are OpenSSL's. */
static SSL_CTX *new_context(void) {
  SSL_CTX *c = SSL_CTX_new(TLS_client_method());
  if (!c || !SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION)) fail("SSL_CTX_new");
  if (!SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256")) fail("the cipher");
  SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL); /* nobody attacks, and the load has less to do */
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(c, on_session);
  return c;
}

void client_init(const struct options *options) {
  if (!options->tls) return;
  context = new_context();
  resume = options->resume;
  method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "bench");
  if (!method) fail("BIO_meth_new");
  BIO_meth_set_read(method, take_cipher);
  BIO_meth_set_write(method, send_cipher);
  BIO_meth_set_ctrl(method, control);
}

void client_stamp(void) { stamped = true; }

/* The first flight. */
static void begin_handshake(struct client *client) {
  BIO *bio = bio_of(client);
  client->ssl = SSL_new(context);
  if (!client->ssl) fail("SSL_new");
  SSL_set_bio(client->ssl, bio, bio);
  SSL_set_app_data(client->ssl, client);
  if (resume && client->session) SSL_set_session(client->ssl, client->session);
  SSL_set_connect_state(client->ssl);
  cipher_len = 0;
  if (SSL_do_handshake(client->ssl) > 0) fail("a handshake without a server");
}

void client_connect(struct client *client, int port, unsigned events,
                    void (*on_ready)(struct watch *, unsigned)) {
  int fd = loop_connect(port), on = 1;
  if (stamped && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on)) die("SO_TIMESTAMPNS");
  loop_watch(&client->watch, fd, events, on_ready);
  client->waiting = 0;
  if (context) begin_handshake(client);
}

/* ---- bytes ---- */

void client_send(struct client *client, const char *bytes, size_t len) {
  if (!client->ssl) {
    loop_send(client->watch.fd, bytes, len);
  } else if (SSL_is_init_finished(client->ssl)) {
    if (SSL_write(client->ssl, bytes, (int)len) != (int)len) fail("SSL_write");
  } else {
    if (len > sizeof client->request) fail("a request too long to wait");
    memcpy(client->request, bytes, client->waiting = len);
  }
}

static void shake(struct client *client) {
  int rc = SSL_do_handshake(client->ssl);
  if (rc <= 0 && SSL_get_error(client->ssl, rc) != SSL_ERROR_WANT_READ) fail("a handshake failed");
  if (rc <= 0) return;
  count_handshake(client);
  if (client->waiting) client_send(client, client->request, client->waiting);
}

/* close_notify with nothing before it is the end; behind bytes, FIN will be. */
static ssize_t decrypt(struct client *client) {
  size_t len = 0;
  int n;
  while ((n = SSL_read(client->ssl, plain + len, (int)(sizeof plain - len))) > 0) len += (size_t)n;
  int error = SSL_get_error(client->ssl, n);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) fail("a wrong record");
  client_bytes = plain;
  return len || error == SSL_ERROR_WANT_READ ? (ssize_t)len : -1;
}

/* The kernel stamps with the time of day. */
static uint64_t on_our_clock(const struct timespec *stamp) {
  struct timespec day;
  clock_gettime(CLOCK_REALTIME, &day);
  int64_t ago = (day.tv_sec - stamp->tv_sec) * 1000000000ll + day.tv_nsec - stamp->tv_nsec;
  return now_ns() - (uint64_t)ago;
}

static ssize_t read_stamped(int fd) {
  char room[CMSG_SPACE(sizeof(struct timespec))] __attribute__((aligned(8)));
  struct iovec piece = {loop_buffer, sizeof loop_buffer};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
  struct cmsghdr *stamp = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  client_arrival = now_ns();
  if (stamp) client_arrival = on_our_clock((const struct timespec *)CMSG_DATA(stamp));
  if (n > 0) return n;
  return n < 0 && errno == EAGAIN ? 0 : -1;
}

static ssize_t read_socket(int fd) {
  if (stamped) return read_stamped(fd);
  ssize_t n = loop_read(fd);
  client_arrival = now_ns();
  return n;
}

ssize_t client_read(struct client *client) {
  ssize_t n = read_socket(client->watch.fd);
  client_bytes = loop_buffer;
  if (!client->ssl || n <= 0) return n;
  cipher = loop_buffer, cipher_len = (size_t)n;
  if (!SSL_is_init_finished(client->ssl)) shake(client);
  return SSL_is_init_finished(client->ssl) ? decrypt(client) : 0;
}

/* ---- the end ---- */

/* Without this, OpenSSL takes a session for broken whose connection ended without close_notify. */
static void drop(struct client *client) {
  if (!client->ssl) return;
  SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(client->ssl);
  client->ssl = NULL;
}

void client_close(struct client *client) {
  drop(client);
  loop_close(&client->watch);
}

void client_reset(struct client *client) {
  drop(client);
  loop_reset(&client->watch);
}
