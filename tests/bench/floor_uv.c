/* The floor: a byte relay on libuv that parses nothing, which is what no HTTP relay on libuv can
 * beat. Each client gets a connection of its own to the origin; bytes go both ways as they come.
 * It never knows HTTP. A pair owns its two sockets, and goes when the second one has closed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BACKLOG = 4096, SCRATCH = 64 * 1024 };

struct pair {
  uv_tcp_t side[2]; /* the client, the origin */
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

static char scratch[SCRATCH]; /* one read happens at a time */
static struct sockaddr_in origin;

static void die(const char *what, int err) {
  fprintf(stderr, "floor: %s: %s\n", what, uv_strerror(err));
  exit(1);
}

static void *take(size_t size) {
  void *memory = malloc(size);
  if (!memory) die("malloc", UV_ENOMEM);
  return memory;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle) {
  struct pair *pair = handle->data;
  if (--pair->open == 0) free(pair);
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

/* ---- bytes ---- */

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
                        const char *bytes, size_t len) {
  struct rest *rest = take(sizeof *rest + len);
  uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)len);
  rest->source = source;
  memcpy(rest->bytes, bytes, len);
  uv_read_stop(source);
  pair->writing++;
  int err = uv_write(&rest->req, sink, &buf, 1, on_rest_written);
  if (err) die("uv_write", err);
}

static void on_read(uv_stream_t *source, ssize_t nread, const uv_buf_t *buf) {
  struct pair *pair = source->data;
  uv_stream_t *sink = (uv_stream_t *)&pair->side[source == (uv_stream_t *)&pair->side[0]];
  if (nread == 0) return;
  if (nread < 0) {
    uv_read_stop(source);
    end_pair(pair);
    return;
  }
  uv_buf_t piece = uv_buf_init(buf->base, (unsigned)nread);
  int written = uv_try_write(sink, &piece, 1);
  if (written == nread) return;
  if (written < 0 && written != UV_EAGAIN)
    end_pair(pair);
  else
    write_later(pair, source, sink, buf->base + (written > 0 ? written : 0),
                (size_t)(nread - (written > 0 ? written : 0)));
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
  int err = uv_tcp_init(loop, &pair->side[i]);
  if (err) die("uv_tcp_init", err);
  pair->side[i].data = pair;
  pair->open++;
}

static void on_client(uv_stream_t *listener, int status) {
  if (status) return;
  struct pair *pair = take(sizeof *pair);
  pair->open = pair->writing = pair->ended = 0;
  init_side(pair, listener->loop, 0);
  init_side(pair, listener->loop, 1);
  uv_connect_t *req = take(sizeof *req);
  int err = uv_accept(listener, (uv_stream_t *)&pair->side[0]);
  if (!err) err = uv_tcp_connect(req, &pair->side[1], (const struct sockaddr *)&origin, on_connect);
  if (err) die("no connection", err);
  for (int i = 0; i < 2; i++) uv_tcp_nodelay(&pair->side[i], 1);
}

int main(int argc, char **argv) {
  uv_tcp_t listener;
  struct sockaddr_in here;
  if (argc != 3) {
    fprintf(stderr, "use: weir-bench-floor PORT ORIGIN-PORT (both on 127.0.0.1)\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  uv_ip4_addr("127.0.0.1", atoi(argv[1]), &here);
  uv_ip4_addr("127.0.0.1", atoi(argv[2]), &origin);
  uv_tcp_init(uv_default_loop(), &listener);
  int err = uv_tcp_bind(&listener, (const struct sockaddr *)&here, 0);
  if (!err) err = uv_listen((uv_stream_t *)&listener, BACKLOG, on_client);
  if (err) die(argv[1], err);
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
