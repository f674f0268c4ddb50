/* Two tables, end to status and end to sentence, and the few fields around them. */
#include "relay/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <uv.h>

#include "base/err.h"
#include "http/chars.h"

/* ---- which status, which words ---- */

static int status_of_request(int code) {
  switch (code) {
  case WEIR_EHEADSIZE: return 431;
  case WEIR_ETARGETSIZE: return 414;
  case WEIR_EBODYSIZE: return 413;
  case WEIR_EVERSION: return 505;
  case WEIR_ETIMEOUT: return 408;
  case WEIR_ENOMEM: return 503;
  default: return 400;
  }
}

int weir__answer_status(enum weir_end end, enum weir_timer timer, int code) {
  switch (end) {
  case WEIR_END_UNREACHABLE:
  case WEIR_END_TRUNCATED:
  case WEIR_END_RESET:
  case WEIR_END_MALFORMED: return 502;
  case WEIR_END_TIMEOUT: return timer == WEIR_TIMER_REQUEST_BODY ? 408 : 504;
  case WEIR_END_CLIENT_BAD: return status_of_request(code);
  case WEIR_END_NO_MEMORY: return 503;
  case WEIR_END_REFUSED: return 403; /* a refusal that names no status */
  case WEIR_END_COMPLETE:
  case WEIR_END_UNMARKED:
  case WEIR_END_ANSWERED:
  case WEIR_END_CLIENT_GONE:
  case WEIR_END_CUT:
  case WEIR_END_DRAINED: return 0;
  }
  return 0;
}

static const char *timer_words(enum weir_timer timer) {
  switch (timer) {
  case WEIR_TIMER_CONNECT:
  case WEIR_TIMER_HANDSHAKE: return "no connection to the origin in time";
  case WEIR_TIMER_HEAD:
  case WEIR_TIMER_FIRST_BYTE:
  case WEIR_TIMER_FIRST_EVENT:
  case WEIR_TIMER_FIRST_CONTENT:
  case WEIR_TIMER_EVENT_GAP:
  case WEIR_TIMER_GAP: return "the origin did not answer in time";
  case WEIR_TIMER_TOTAL:
  case WEIR_TIMER_STALE:
  case WEIR_TIMER_STALL: return "the exchange took too long";
  case WEIR_TIMER_REQUEST_BODY: return "the request body did not arrive in time";
  }
  return "";
}

/* Never a system's or a resolver's own text: it may name an address. */
static const char *words(int status, enum weir_end end, enum weir_timer timer, int code) {
  switch (end) {
  case WEIR_END_UNREACHABLE:
    return code == WEIR_ENOADDRESS    ? "the origin's name has no address"
           : weir__is_tls_error(code) ? "no TLS connection to the origin"
                                      : "the origin cannot be reached";
  case WEIR_END_TRUNCATED:
  case WEIR_END_RESET: return "the origin closed the connection before it answered";
  case WEIR_END_MALFORMED: return "the origin's answer was no valid HTTP";
  case WEIR_END_TIMEOUT: return timer_words(timer);
  case WEIR_END_CLIENT_BAD:
    return code < WEIR_ENOMEM || code == WEIR_ENOMEM ? weir_strerror(code) : "malformed request";
  case WEIR_END_REFUSED:
    return status == 404       ? "no route for this request"
           : status == 405     ? "this method is not allowed here"
           : code == UV_EMFILE ? "too many connections"
                               : "refused";
  case WEIR_END_NO_MEMORY:
  case WEIR_END_COMPLETE:
  case WEIR_END_UNMARKED:
  case WEIR_END_ANSWERED:
  case WEIR_END_CLIENT_GONE:
  case WEIR_END_CUT:
  case WEIR_END_DRAINED: return "not available now";
  }
  return "";
}

/* ---- heads ---- */

static int add(weir_head *head, const char *name, const char *value) {
  return weir__head_add(head, weir__slice_str(name), weir__slice_str(value));
}

static bool bodiless(int status) { return status == 204 || status == 304; }

static int add_length(weir__answer *answer) {
  char text[24];
  snprintf(text, sizeof text, "%zu", answer->body_len);
  answer->head->framing = WEIR__FRAMING_LENGTH;
  answer->head->length = answer->body_len;
  return add(answer->head, "Content-Length", text);
}

/* RFC 9110, 6.6.1, in the form of 5.6.7. Names are spelt out: strftime would ask the locale. */
static int add_date(weir_head *head) {
  static const char days[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  struct tm tm;
  char text[40];
  time_t now = time(NULL);
  if (!gmtime_r(&now, &tm)) return 0;
  snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday,
           tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return add(head, "Date", text);
}

static int start(weir__answer *answer, weir__mem *mem, int status, const char *body, size_t len) {
  *answer = (weir__answer){.head = weir__head_new(mem, false), .body_len = len};
  if (!answer->head) return WEIR_ENOMEM;
  answer->head->status = status;
  answer->head->reason = weir__reason(status);
  answer->head->minor = 1;
  answer->head->framing = WEIR__FRAMING_NONE;
  if (len == 0) return 0;
  answer->body = weir__mem_copy(mem, weir__slice_of(body, len));
  return answer->body ? 0 : WEIR_ENOMEM;
}

static int finish(weir__answer *answer, weir__mem *mem, int rc) {
  if (rc == 0 && !bodiless(answer->head->status)) rc = add_length(answer);
  if (rc) weir__answer_free(answer, mem);
  return rc;
}

static int print_body(char *out, size_t size, int status, const char *why, bool json) {
  return json ? snprintf(out, size, "{\"error\":{\"code\":%d,\"message\":\"%s\"}}\n", status, why)
              : snprintf(out, size, "%d %s: %s\n", status, weir__reason(status), why);
}

int weir__answer_error(weir__answer *answer, weir__mem *mem, int status, enum weir_end end,
                       enum weir_timer timer, int code, bool json) {
  char text[256];
  int len = print_body(text, sizeof text, status, words(status, end, timer, code), json);
  int rc = start(answer, mem, status, text, (size_t)len);
  if (rc == 0)
    rc = add(answer->head, "Content-Type", json ? "application/json" : "text/plain; charset=utf-8");
  if (rc == 0) rc = add(answer->head, "Cache-Control", "no-store");
  if (rc == 0) rc = add_date(answer->head);
  return finish(answer, mem, rc);
}

int weir__answer_stream(weir__answer *answer, weir__mem *mem) {
  int rc = start(answer, mem, 200, NULL, 0);
  if (rc == 0) rc = add(answer->head, "Content-Type", "text/event-stream");
  if (rc == 0) rc = add(answer->head, "Cache-Control", "no-cache");
  if (rc == 0) rc = add(answer->head, "X-Accel-Buffering", "no");
  if (rc == 0) rc = add_date(answer->head);
  if (rc)
    weir__answer_free(answer, mem);
  else
    answer->head->framing = WEIR__FRAMING_CHUNKED;
  return rc;
}

int weir__answer_copy(weir__answer *answer, weir__mem *mem, const weir_answer *from) {
  bool empty = bodiless(from->status) || from->status == 205; /* RFC 9110, 15.3.6 */
  if (from->status < 200 || from->status > 599 || (empty && from->body_len)) return WEIR_EINVAL;
  if ((from->body_len && !from->body) || (from->field_count && !from->fields)) return WEIR_EINVAL;
  int rc = start(answer, mem, from->status, from->body, from->body_len);
  for (size_t i = 0; rc == 0 && i < from->field_count; i++)
    rc = weir_head_add(answer->head, from->fields[i].name, from->fields[i].value);
  if (rc == 0 && !weir__head_find(answer->head, WEIR__NAME_DATE)) rc = add_date(answer->head);
  return finish(answer, mem, rc);
}

static bool is_json(weir__slice type) {
  const char *semicolon = memchr(type.ptr, ';', type.len);
  if (semicolon) type = weir__slice_trim(weir__slice_of(type.ptr, (size_t)(semicolon - type.ptr)));
  if (weir__slice_is_nocase(type, "application/json")) return true;
  return type.len > 5 && strncasecmp(type.ptr + type.len - 5, "+json", 5) == 0;
}

bool weir__answer_wants_json(const weir_head *request) {
  bool json = false;
  const weir__field *f = weir__head_find(request, WEIR__NAME_ACCEPT);
  for (; f; f = weir__head_find_next(f)) {
    weir__slice rest = weir__field_value(f), type;
    while (weir__slice_next(&rest, &type)) {
      if (type.len >= 10 && strncasecmp(type.ptr, "text/plain", 10) == 0) return false;
      json = json || is_json(type);
    }
  }
  return json;
}

void weir__answer_free(weir__answer *answer, weir__mem *mem) {
  weir__head_free(answer->head);
  weir__mem_free(mem, answer->body);
  *answer = (weir__answer){0};
}
