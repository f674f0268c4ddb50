/* weir-watch: asks a URL for a stream and shows when each word of it arrives, so that a person sees
 * at once whether words flow or come in one lump.
 * It never knows weir: it is a plain client made of libuv and llhttp, and speaks only http://.
 * main() owns the one `struct watch`, and with it every handle, buffer and number. */
#include <ctype.h>
#include <inttypes.h>
#include <llhttp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define container_of(p, type, member) ((type *)(void *)(((char *)(p)) - offsetof(type, member)))

#define BAR_CELLS 40
#define CELL_US 10000     /* of silence, for one cell of the bar */
#define BURST_GAP_US 2000 /* reads closer than this are one burst: nobody sees them apart */
#define WORD_SHOWN 60

static const char help[] =
    "weir-watch: shows when each token (here: word) of a streamed answer arrives\n"
    "\n"
    "  weir-watch [--label TEXT] [--summary FILE] [--summary-only] http://HOST[:PORT][/PATH]\n"
    "\n"
    "  --label TEXT     the name in the summary line; the URL's host by default\n"
    "  --summary FILE   appends the summary line to FILE too\n"
    "  --summary-only   shows only that line\n"
    "\n"
    "A bar is the silence before a read. A read with several words is a burst, in one bracket.\n"
    "Colour and Unicode on a terminal only; NO_COLOR is honoured. Exit 0: a complete answer.\n";

struct url {
  char host[256], port[6];
  const char *authority; /* with port and brackets, as it stands in the URL */
  int authority_length;
  const char *target; /* from the path on; "" when there is none */
};

struct stats {
  uint64_t words, reads, burst, largest_burst; /* bursts in words */
  uint64_t first_us, last_us;
};

struct watch {
  const char *label, *summary;
  bool summary_only, pretty, colour;
  struct url url;
  uv_loop_t loop;
  uv_tcp_t tcp;
  const struct addrinfo *address; /* the next one to try */
  uv_connect_t connect;
  uv_write_t write;
  char request[4096];
  llhttp_t parser;
  llhttp_settings_t settings;
  uint64_t started; /* uv_hrtime() */
  char buffer[64 * 1024];
  char piece[64 * 1024]; /* the body bytes of one read, their spans joined */
  size_t piece_length;
  bool in_word; /* the last read ended inside a word */
  struct stats stats;
  bool heard, complete, closing;
  char sentence[512]; /* what went wrong */
};

/* ---- showing ---- */

static const char *colour_of(const struct watch *w, uint64_t words) {
  if (!w->colour) return "";
  return words < 2 ? "\033[32m" : words < 8 ? "\033[33m" : "\033[31m";
}

static const char *plain(const struct watch *w) { return w->colour ? "\033[0m" : ""; }

/* Eighths of a cell where the terminal can show them; full length means `or longer`. */
static void show_bar(const struct watch *w, uint64_t gap_us) {
  static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  unsigned cells = gap_us / CELL_US < BAR_CELLS ? (unsigned)(gap_us / CELL_US) : BAR_CELLS;
  unsigned part = cells < BAR_CELLS && w->pretty ? (unsigned)(gap_us % CELL_US * 8 / CELL_US) : 0;
  for (unsigned i = 0; i < cells; i++) fputs(w->pretty ? "█" : "#", stdout);
  fputs(eighths[part], stdout);
  printf("%*s", (int)(BAR_CELLS - cells - (part > 0)), "");
}

/* Whatever the origin sends, the terminal gets text: no control characters, no torn UTF-8 at the
 * end of a shortened word. */
static void show_word(const char *p, size_t length) {
  size_t shown = length < WORD_SHOWN ? length : WORD_SHOWN;
  while (shown < length && shown > 0 && ((unsigned char)p[shown] & 0xc0) == 0x80) shown--;
  for (size_t i = 0; i < shown; i++) putchar(iscntrl((unsigned char)p[i]) ? '?' : p[i]);
  if (shown < length) printf("... (%zu bytes)", length);
}

/* The place of a word in its burst: alone, first, in between, last. */
static const char *mark_of(const struct watch *w, uint64_t number, uint64_t words) {
  static const char *const marks[2][4] = {{"*", "/", "|", "\\"}, {"●", "┌", "│", "└"}};
  int place = words == 1 ? 0 : number == 0 ? 1 : number + 1 < words ? 2 : 3;
  return marks[w->pretty][place];
}

static const char *next_word(const char *p, const char *end, size_t *length) {
  while (p < end && isspace((unsigned char)*p)) p++;
  const char *word = p;
  while (p < end && !isspace((unsigned char)*p)) p++;
  *length = (size_t)(p - word);
  return *length > 0 ? word : NULL;
}

static uint64_t count_words(const char *p, const char *end) {
  uint64_t words = 0;
  size_t length;
  for (; (p = next_word(p, end, &length)) != NULL; p += length) words++;
  return words;
}

/* One line a word; the gap belongs to the read, so only its first word has a bar. */
static void show_piece(struct watch *w, uint64_t now_us, uint64_t gap_us) {
  const char *p = w->piece, *end = p + w->piece_length;
  uint64_t words = count_words(p, end);
  size_t length;
  if (w->stats.reads == 0) printf("   arrives  silence before it, a cell is 10 ms\n");
  for (uint64_t i = 0; (p = next_word(p, end, &length)) != NULL; i++, p += length) {
    printf("%7" PRIu64 " ms  %s", now_us / 1000, colour_of(w, words));
    show_bar(w, i == 0 ? gap_us : 0);
    printf(" %s%s ", mark_of(w, i, words), plain(w));
    show_word(p, length);
    if (words > 1 && i + 1 == words) printf("  (%" PRIu64 " in one read)", words);
    putchar('\n');
  }
}

/* ---- counting ---- */

/* A word that began in an earlier read was counted there. */
static uint64_t new_words(struct watch *w) {
  uint64_t words = count_words(w->piece, w->piece + w->piece_length);
  bool goes_on = w->in_word && !isspace((unsigned char)w->piece[0]);
  w->in_word = !isspace((unsigned char)w->piece[w->piece_length - 1]);
  return goes_on ? words - 1 : words;
}

static void take_piece(struct watch *w) {
  struct stats *s = &w->stats;
  if (w->piece_length == 0) return;
  uint64_t now_us = (uv_hrtime() - w->started) / 1000, gap_us = now_us - s->last_us;
  if (!w->summary_only) show_piece(w, now_us, gap_us);
  uint64_t words = new_words(w);
  if (s->reads++ == 0) s->first_us = now_us;
  s->burst = s->reads > 1 && gap_us < BURST_GAP_US ? s->burst + words : words;
  if (s->burst > s->largest_burst) s->largest_burst = s->burst;
  s->words += words;
  s->last_us = now_us;
  w->piece_length = 0;
}

/* No burst above a quarter means at least four, each apart from the next: that is flowing. */
static bool flows(const struct stats *s) { return s->words && s->largest_burst * 4 <= s->words; }

static const char *verdict(const struct stats *s) {
  if (flows(s)) return "streams";
  if (s->words == 0) return "has no tokens";
  return s->largest_burst * 10 >= s->words * 9 ? "arrives in one burst" : "arrives in bursts";
}

/* A watch that failed has a line too: whoever compares several waits for one of each. */
static void print_summary(const struct watch *w, FILE *file, bool colour) {
  const struct stats *s = &w->stats;
  const char *on = !colour ? "" : flows(s) ? "\033[1;32m" : "\033[1;31m";
  uint64_t percent = s->words > 0 ? s->largest_burst * 100 / s->words : 0;
  if (w->sentence[0] != '\0') {
    fprintf(file, "%-11s failed: %s\n", w->label, w->sentence);
    return;
  }
  fprintf(file, "%-11s first token %4" PRIu64 " ms, last %4" PRIu64 " ms, %2" PRIu64 " reads, ",
          w->label, s->first_us / 1000, s->last_us / 1000, s->reads);
  fprintf(file, "largest burst %2" PRIu64 " (%3" PRIu64 " %%): %s%s%s\n", s->largest_burst, percent,
          on, verdict(s), colour ? "\033[0m" : "");
}

/* ---- the end ---- */

static void connect_next(struct watch *w);

static void on_closed(uv_handle_t *handle) {
  struct watch *w = container_of(handle, struct watch, tcp);
  if (!w->closing && w->address != NULL) connect_next(w);
}

/* Ends the watch with a sentence on what went wrong, or an empty one; the first call counts. */
__attribute__((format(printf, 2, 3))) static void finish(struct watch *w, const char *format, ...) {
  if (w->closing) return;
  w->closing = true;
  va_list args;
  va_start(args, format);
  vsnprintf(w->sentence, sizeof w->sentence, format, args);
  va_end(args);
  uv_close((uv_handle_t *)&w->tcp, on_closed);
}

/* ---- the response ---- */

static int on_body(llhttp_t *parser, const char *p, size_t length) {
  struct watch *w = container_of(parser, struct watch, parser);
  memcpy(w->piece + w->piece_length, p, length); /* fits: a read has no more body than bytes */
  w->piece_length += length;
  return 0;
}

/* An interim response is a message of its own, before the real one. */
static int on_message_complete(llhttp_t *parser) {
  struct watch *w = container_of(parser, struct watch, parser);
  if (parser->status_code / 100 == 1) return 0;
  w->complete = true;
  return HPE_PAUSED;
}

static void finish_complete(struct watch *w) {
  int status = w->parser.status_code;
  if (status / 100 != 2) finish(w, "The answer has status %d.", status);
  finish(w, "%s", "");
}

/* A body that only the connection's end delimits is complete now, and llhttp_finish() says so by
 * calling on_message_complete(). A reset ends no body well. */
static void on_end(struct watch *w, int status) {
  const char *why = uv_strerror(status);
  if (status == UV_EOF) llhttp_finish(&w->parser);
  if (w->complete)
    finish_complete(w);
  else if (!w->heard)
    finish(w, "The connection ended without an answer (%s).", why);
  else
    finish(w, "The answer was cut short after %" PRIu64 " tokens (%s).", w->stats.words, why);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct watch *w = container_of(handle, struct watch, tcp);
  (void)suggested;
  *buf = uv_buf_init(w->buffer, sizeof w->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf) {
  struct watch *w = container_of(stream, struct watch, tcp);
  if (length < 0) {
    on_end(w, (int)length);
    return;
  }
  w->heard = true;
  llhttp_errno_t rc = llhttp_execute(&w->parser, buf->base, (size_t)length);
  take_piece(w);
  if (fflush(stdout) != 0)
    finish(w, "The output cannot be written.");
  else if (w->complete)
    finish_complete(w);
  else if (rc != HPE_OK)
    finish(w, "The answer is malformed: %s.", w->parser.reason);
}

/* ---- the request ---- */

/* A write that fails later needs no callback: then the read fails too. */
static void send_request(struct watch *w) {
  const char *slash = w->url.target[0] == '/' ? "" : "/";
  int length = snprintf(w->request, sizeof w->request,
                        "GET %s%s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: weir-watch\r\n"
                        "Accept: */*\r\nConnection: close\r\n\r\n",
                        slash, w->url.target, w->url.authority_length, w->url.authority);
  uv_buf_t buf = uv_buf_init(w->request, (unsigned)length);
  int rc = uv_write(&w->write, (uv_stream_t *)&w->tcp, &buf, 1, NULL);
  if (rc == 0) rc = uv_read_start((uv_stream_t *)&w->tcp, on_alloc, on_read);
  if (rc != 0) finish(w, "The request cannot be sent: %s.", uv_strerror(rc));
}

static void on_connected(uv_connect_t *req, int status) {
  struct watch *w = container_of(req, struct watch, connect);
  if (status == 0)
    send_request(w);
  else if (w->address != NULL)
    uv_close((uv_handle_t *)&w->tcp, on_closed);
  else
    finish(w, "Cannot connect to %s port %s: %s.", w->url.host, w->url.port, uv_strerror(status));
}

static void connect_next(struct watch *w) {
  const struct sockaddr *address = w->address->ai_addr;
  w->address = w->address->ai_next;
  uv_tcp_init(&w->loop, &w->tcp);
  int rc = uv_tcp_connect(&w->connect, &w->tcp, address, on_connected);
  if (rc != 0) on_connected(&w->connect, rc);
}

/* ---- the start ---- */

static bool split_authority(struct url *url) {
  const char *host = url->authority, *end = host + url->authority_length;
  bool brackets = *host == '[';
  size_t length = brackets ? strcspn(++host, "]") : strcspn(host, ":/?#");
  const char *after = host + length + brackets;
  if (length == 0 || length >= sizeof url->host || after > end) return false;
  memcpy(url->host, host, length);
  strcpy(url->port, "80");
  if (after == end) return true;
  size_t digits = strspn(after + 1, "0123456789");
  if (*after != ':' || digits == 0 || digits > 5 || after + 1 + digits != end) return false;
  snprintf(url->port, sizeof url->port, "%.*s", (int)digits, after + 1);
  return atoi(url->port) < 65536;
}

/* `text` loses its fragment. Spaces and control characters would end up in the request's head. */
static bool parse_url(struct url *url, char *text) {
  if (strncmp(text, "http://", 7) != 0 || strlen(text) > 2048) return false;
  for (const char *p = text; *p != '\0'; p++)
    if ((unsigned char)*p <= ' ' || *p == 0x7f) return false;
  text[strcspn(text, "#")] = '\0';
  url->authority = text + 7;
  url->authority_length = (int)strcspn(url->authority, "/?");
  url->target = url->authority + url->authority_length;
  return split_authority(url);
}

static bool complain(const char *what, const char *about) {
  fprintf(stderr, "weir-watch: %s%s; try --help\n", about, what);
  return false;
}

/* True: the flags make sense, and w->url is what they ask for. */
static bool parse_flags(struct watch *w, int argc, char **argv) {
  char *url = NULL;
  for (int i = 1; i < argc; i++) {
    bool last = i + 1 == argc;
    if (strcmp(argv[i], "--help") == 0) exit(fputs(help, stdout) < 0);
    if (strcmp(argv[i], "--summary-only") == 0)
      w->summary_only = true;
    else if (strcmp(argv[i], "--label") == 0 && !last)
      w->label = argv[++i];
    else if (strcmp(argv[i], "--summary") == 0 && !last)
      w->summary = argv[++i];
    else if (argv[i][0] != '-' && url == NULL)
      url = argv[i];
    else
      return complain(" makes no sense here", argv[i]);
  }
  if (url == NULL) return complain("no URL", "");
  return parse_url(&w->url, url) || complain(" is no http://HOST[:PORT][/PATH]", url);
}

static void look_at_terminal(struct watch *w) {
  const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
  w->pretty = isatty(STDOUT_FILENO) && (term == NULL || strcmp(term, "dumb") != 0);
  w->colour = w->pretty && (no_colour == NULL || no_colour[0] == '\0');
}

static void run(struct watch *w) {
  uv_getaddrinfo_t lookup;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  llhttp_settings_init(&w->settings);
  w->settings.on_body = on_body;
  w->settings.on_message_complete = on_message_complete;
  llhttp_init(&w->parser, HTTP_RESPONSE, &w->settings);
  uv_loop_init(&w->loop);
  int rc = uv_getaddrinfo(&w->loop, &lookup, NULL, w->url.host, w->url.port, &hints);
  w->started = uv_hrtime();
  if (rc == 0) {
    w->address = lookup.addrinfo;
    connect_next(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_freeaddrinfo(lookup.addrinfo);
  } else {
    snprintf(w->sentence, sizeof w->sentence, "%s is not known: %s.", w->url.host, uv_strerror(rc));
  }
  uv_loop_close(&w->loop);
}

static bool append_summary(const struct watch *w) {
  FILE *file = fopen(w->summary, "a");
  if (file == NULL) return false;
  print_summary(w, file, false);
  return fclose(file) == 0;
}

int main(int argc, char **argv) {
  static struct watch w;
  if (!parse_flags(&w, argc, argv)) return 1;
  if (w.label == NULL) w.label = w.url.host;
  signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
  look_at_terminal(&w);
  run(&w);
  if (w.summary != NULL && !append_summary(&w))
    snprintf(w.sentence, sizeof w.sentence, "%s cannot be written.", w.summary);
  if (w.sentence[0] == '\0')
    print_summary(&w, stdout, w.colour);
  else
    fprintf(stderr, "weir-watch: %s\n", w.sentence);
  return w.sentence[0] != '\0';
}
