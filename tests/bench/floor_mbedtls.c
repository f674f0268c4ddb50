/* The floor over TLS: a byte relay on libuv and Mbed TLS that parses nothing, which is what no HTTP
 * relay on these two can beat. Clients speak TLS, each gets a plain connection of its own to the
 * origin, and handshakes are done on the loop. A pair owns its two sockets and its TLS context, and
 * goes when the second socket has closed. */
#include <mbedtls/error.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <psa/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BACKLOG = 4096, SCRATCH = 64 * 1024, RECORD = 16384 - 1, TICKET_S = 3600 };

struct pair {
  uv_tcp_t side[2]; /* the client, the origin */
  mbedtls_ssl_context ssl;
  unsigned char open;
  unsigned char writing; /* how many uv_write() are under way */
  unsigned char ended;   /* one side has ended: close when nothing is under way */
};

/* What the socket did not take at once. The source is not read until this has gone out. */
struct rest {
  uv_write_t req;
  uv_stream_t *source;
  char bytes[];
};

struct span {
  char *ptr;
  size_t len;
};

/* One read happens at a time: these serve it. */
static char scratch[SCRATCH], plain[SCRATCH + RECORD], cipher[SCRATCH + 2 * RECORD];
static struct span in, out;
static struct sockaddr_in origin;
static mbedtls_ssl_config config;

static void die(const char *what, const char *why) {
  fprintf(stderr, "floor: %s: %s\n", what, why);
  exit(1);
}

static void check_uv(const char *what, int err) {
  if (err) die(what, uv_strerror(err));
}

static void check_tls(const char *what, int err) {
  char why[128];
  if (!err) return;
  mbedtls_strerror(err, why, sizeof why);
  die(what, why);
}

static void *take(size_t size) {
  void *memory = malloc(size);
  if (!memory) die("malloc", "no memory");
  return memory;
}

/* ---- what Mbed TLS reads from and writes to ---- */

static int take_cipher(void *context, unsigned char *bytes, size_t len) {
  size_t n = len < in.len ? len : in.len;
  (void)context;
  if (!n) return MBEDTLS_ERR_SSL_WANT_READ;
  memcpy(bytes, in.ptr, n);
  in.ptr += n, in.len -= n;
  return (int)n;
}

static int put_cipher(void *context, const unsigned char *bytes, size_t len) {
  (void)context;
  if (len > sizeof cipher - out.len) die("cipher", "no room");
  memcpy(out.ptr + out.len, bytes, len);
  out.len += len;
  return (int)len;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle) {
  struct pair *pair = handle->data;
  if (--pair->open) return;
  mbedtls_ssl_free(&pair->ssl);
  free(pair);
}

static void close_pair(struct pair *pair) {
  for (int i = 0; i < 2; i++) {
    uv_handle_t *side = (uv_handle_t *)&pair->side[i];
    if (!uv_is_closing(side)) uv_close(side, on_closed);
  }
}

static void end_pair(struct pair *pair) {
  pair->ended = 1;
  if (!pair->writing) close_pair(pair);
}

/* ---- writing ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)handle, (void)suggested;
  *buf = uv_buf_init(scratch, sizeof scratch);
}

static void on_read(uv_stream_t *source, ssize_t nread, const uv_buf_t *buf);

static void on_rest_written(uv_write_t *req, int status) {
  struct rest *rest = (struct rest *)req;
  struct pair *pair = rest->source->data;
  pair->writing--;
  if (status || pair->ended)
    end_pair(pair);
  else
    uv_read_start(rest->source, on_alloc, on_read);
  free(rest);
}

static void write_later(struct pair *pair, uv_stream_t *source, uv_stream_t *sink,
                        struct span bytes) {
  struct rest *rest = take(sizeof *rest + bytes.len);
  uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)bytes.len);
  rest->source = source;
  memcpy(rest->bytes, bytes.ptr, bytes.len);
  uv_read_stop(source);
  pair->writing++;
  check_uv("uv_write", uv_write(&rest->req, sink, &buf, 1, on_rest_written));
}

static void write_to(struct pair *pair, int side, uv_stream_t *source, struct span bytes) {
  uv_stream_t *sink = (uv_stream_t *)&pair->side[side];
  uv_buf_t piece = uv_buf_init(bytes.ptr, (unsigned)bytes.len);
  if (!bytes.len || pair->ended) return;
  int written = uv_try_write(sink, &piece, 1);
  if (written == (int)bytes.len) return;
  size_t gone = written > 0 ? (size_t)written : 0;
  if (written < 0 && written != UV_EAGAIN)
    end_pair(pair);
  else
    write_later(pair, source, sink, (struct span){bytes.ptr + gone, bytes.len - gone});
}

/* ---- bytes ---- */

/* Plain bytes that came, or the code with which that ended. */
static int decrypt(struct pair *pair, struct span *to) {
  int n = 0;
  if (!mbedtls_ssl_is_handshake_over(&pair->ssl)) n = mbedtls_ssl_handshake(&pair->ssl);
  while (n >= 0 && to->len < sizeof plain) {
    n = mbedtls_ssl_read(&pair->ssl, (unsigned char *)to->ptr + to->len, sizeof plain - to->len);
    if (n == 0) return MBEDTLS_ERR_SSL_CONN_EOF;
    if (n > 0) to->len += (size_t)n;
  }
  return n;
}

static void on_client_bytes(struct pair *pair, uv_stream_t *client, struct span bytes) {
  struct span to = {plain, 0};
  in = bytes;
  out = (struct span){cipher, 0};
  int rc = decrypt(pair, &to);
  write_to(pair, 0, client, out);
  write_to(pair, 1, client, to);
  if (rc < 0 && rc != MBEDTLS_ERR_SSL_WANT_READ) end_pair(pair);
}

static void on_origin_bytes(struct pair *pair, uv_stream_t *source, struct span bytes) {
  out = (struct span){cipher, 0};
  while (bytes.len) {
    size_t len = bytes.len < RECORD ? bytes.len : RECORD;
    int n = mbedtls_ssl_write(&pair->ssl, (const unsigned char *)bytes.ptr, len);
    if (n < 0) check_tls("mbedtls_ssl_write", n);
    bytes.ptr += n, bytes.len -= (size_t)n;
  }
  write_to(pair, 0, source, out);
}

static void on_end(struct pair *pair, uv_stream_t *source, int is_client) {
  uv_read_stop(source);
  out = (struct span){cipher, 0};
  if (!is_client && !pair->ended && mbedtls_ssl_close_notify(&pair->ssl) == 0)
    write_to(pair, 0, source, out);
  end_pair(pair);
}

static void on_read(uv_stream_t *source, ssize_t nread, const uv_buf_t *buf) {
  struct pair *pair = source->data;
  int is_client = source == (uv_stream_t *)&pair->side[0];
  if (nread == 0) return;
  if (nread < 0)
    on_end(pair, source, is_client);
  else if (is_client)
    on_client_bytes(pair, source, (struct span){buf->base, (size_t)nread});
  else
    on_origin_bytes(pair, source, (struct span){buf->base, (size_t)nread});
}

/* ---- connections ---- */

static void on_connect(uv_connect_t *req, int status) {
  struct pair *pair = req->handle->data;
  free(req);
  if (status) {
    close_pair(pair);
    return;
  }
  for (int i = 0; i < 2; i++) uv_read_start((uv_stream_t *)&pair->side[i], on_alloc, on_read);
}

static void init_side(struct pair *pair, uv_loop_t *loop, int i) {
  check_uv("uv_tcp_init", uv_tcp_init(loop, &pair->side[i]));
  pair->side[i].data = pair;
  pair->open++;
}

static void on_client(uv_stream_t *listener, int status) {
  if (status) return;
  struct pair *pair = take(sizeof *pair);
  pair->open = pair->writing = pair->ended = 0;
  mbedtls_ssl_init(&pair->ssl);
  check_tls("mbedtls_ssl_setup", mbedtls_ssl_setup(&pair->ssl, &config));
  mbedtls_ssl_set_bio(&pair->ssl, NULL, put_cipher, take_cipher, NULL);
  init_side(pair, listener->loop, 0);
  init_side(pair, listener->loop, 1);
  uv_connect_t *req = take(sizeof *req);
  int err = uv_accept(listener, (uv_stream_t *)&pair->side[0]);
  if (!err) err = uv_tcp_connect(req, &pair->side[1], (const struct sockaddr *)&origin, on_connect);
  check_uv("no connection", err);
  for (int i = 0; i < 2; i++) uv_tcp_nodelay(&pair->side[i], 1);
}

/* ---- beginning ---- */

static mbedtls_x509_crt chain;
static mbedtls_pk_context key;
static mbedtls_ssl_ticket_context tickets;

static void read_files(const char *cert_file, const char *key_file) {
  mbedtls_x509_crt_init(&chain);
  mbedtls_pk_init(&key);
  check_tls(cert_file, mbedtls_x509_crt_parse_file(&chain, cert_file));
  check_tls(key_file, mbedtls_pk_parse_keyfile(&key, key_file, NULL, mbedtls_psa_get_random,
                                               MBEDTLS_PSA_RANDOM_STATE));
}

static void configure(void) {
  mbedtls_ssl_config_init(&config);
  mbedtls_ssl_ticket_init(&tickets);
  int rc = mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_rng(&config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
  if (!rc) rc = mbedtls_ssl_conf_own_cert(&config, &chain, &key);
  if (!rc)
    rc = mbedtls_ssl_ticket_setup(&tickets, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE,
                                  MBEDTLS_CIPHER_AES_256_GCM, TICKET_S);
  check_tls("configuration", rc);
  mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                      &tickets);
}

static void listen_on(uv_tcp_t *listener, int port) {
  struct sockaddr_in here;
  uv_ip4_addr("127.0.0.1", port, &here);
  uv_tcp_init(uv_default_loop(), listener);
  int err = uv_tcp_bind(listener, (const struct sockaddr *)&here, 0);
  if (!err) err = uv_listen((uv_stream_t *)listener, BACKLOG, on_client);
  check_uv("listening", err);
}

int main(int argc, char **argv) {
  uv_tcp_t listener;
  if (argc != 5) {
    fprintf(stderr, "use: weir-bench-floor-mbedtls PORT ORIGIN-PORT CERT KEY (ports on "
                    "127.0.0.1)\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  uv_ip4_addr("127.0.0.1", atoi(argv[2]), &origin);
  if (psa_crypto_init() != PSA_SUCCESS) die("psa_crypto_init", "no randomness");
  read_files(argv[3], argv[4]);
  configure();
  listen_on(&listener, atoi(argv[1]));
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
