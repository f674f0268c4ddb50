#include "faults/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "faults/kinds.h"

/* Cuts all that a peer got into messages; those behind the last whole one are its rest. */
static size_t split(message *list, size_t count, const peer *p, size_t *used) {
  *used = 0;
  while (count < MESSAGES_MAX) {
    message *m = &list[count];
    message_split(m, p->got + *used, p->got_len - *used, false);
    if (!m->head[0]) {
      message_clear(m);
      break;
    }
    count++;
    if (!m->whole) break;
    *used += m->used;
  }
  return count;
}

static void hear(outcome *o, const world *w) {
  size_t used;
  const weir__list *list = &w->f.origin.peers;
  for (const weir__list *n = list->next; n != list; n = n->next)
    o->request_count =
        split(o->requests, o->request_count, weir__container_of(n, peer, node), &used);
  if (!w->client) return;
  o->answer_count = split(o->answers, 0, w->client, &used);
  bool all_whole = !o->answer_count || o->answers[o->answer_count - 1].whole;
  o->rest_len = all_whole ? w->client->got_len - used : 0;
  o->rest = exact_copy(w->client->got + used, o->rest_len);
  o->fin = w->client->fin;
  o->error = w->client->error != 0;
}

void outcome_note(outcome *o, const world *w) {
  *o = (outcome){.end_count = w->f.end_count, .rc_count = w->rc_count};
  if (!CHECK(o->end_count <= MESSAGES_MAX)) abort();
  if (o->end_count) memcpy(o->ends, w->f.ends, o->end_count * sizeof *o->ends);
  memcpy(o->rcs, w->rcs, sizeof o->rcs);
  hear(o, w);
}

void outcome_clear(outcome *o) {
  for (size_t i = 0; i < o->answer_count; i++) message_clear(&o->answers[i]);
  for (size_t i = 0; i < o->request_count; i++) message_clear(&o->requests[i]);
  free(o->rest);
}

/* ---- is it right? ---- */

/* Heads but for the time that stands in some. */
static bool same_head(const message *a, const message *b) {
  const char *date = strstr(a->head, "\r\nDate: "), *other = strstr(b->head, "\r\nDate: ");
  size_t before = date ? (size_t)(date - a->head) : strlen(a->head);
  if (!date || !other) return strcmp(a->head, b->head) == 0;
  return strncmp(a->head, b->head, before) == 0 &&
         strcmp(strstr(date + 2, "\r\n"), strstr(other + 2, "\r\n")) == 0;
}

static bool same_line(const message *a, const message *b) {
  return strcspn(a->head, "\r") == strcspn(b->head, "\r") &&
         strncmp(a->head, b->head, strcspn(a->head, "\r")) == 0;
}

static bool same_message(const message *a, const message *b) {
  return a->whole == b->whole && a->body_len == b->body_len &&
         strcmp(a->trailers, b->trailers) == 0 && memcmp(a->body, b->body, a->body_len) == 0;
}

/* True if `part` is all that has come of `whole` so far. */
static bool begins(const message *part, const message *whole) {
  return same_line(part, whole) && part->body_len <= whole->body_len && !part->whole &&
         memcmp(part->body, whole->body, part->body_len) == 0;
}

/* A second try is a second request: how much of the first one has arrived is a matter of chance. */
static void check_same_requests(const outcome *got, const outcome *want, const world *w) {
  if (w->play != scenario_named("retry")) CHECK_INT(got->request_count, want->request_count);
  for (size_t i = 0; i < got->request_count && i < want->request_count; i++)
    CHECK(same_line(&got->requests[i], &want->requests[i]) &&
          same_message(&got->requests[i], &want->requests[i]));
}

static void check_same(const outcome *got, const outcome *want) {
  CHECK_INT(got->end_count, want->end_count);
  for (size_t i = 0; i < got->end_count && i < want->end_count; i++) {
    CHECK_STR(weir_end_name(got->ends[i].end), weir_end_name(want->ends[i].end));
    CHECK_INT(got->ends[i].stats.status, want->ends[i].stats.status);
    CHECK_INT(got->ends[i].stats.error, want->ends[i].stats.error);
    CHECK(got->ends[i].stats.retries <= want->ends[i].stats.retries);
  }
  CHECK_INT(got->answer_count, want->answer_count);
  for (size_t i = 0; i < got->answer_count && i < want->answer_count; i++)
    CHECK(same_head(&got->answers[i], &want->answers[i]) &&
          same_message(&got->answers[i], &want->answers[i]));
  CHECK_MEM(got->rest, got->rest_len, want->rest, want->rest_len);
}

static void check_same_end(const outcome *got, const outcome *want) {
  CHECK_INT(got->fin, want->fin);
  CHECK_INT(got->error, want->error);
}

/* An error answer may stand in the place of the right one, and half an answer at the end. */
static void check_begins(const outcome *got, const outcome *want) {
  for (size_t i = 0; i < got->answer_count; i++) {
    const message *a = &got->answers[i], *b = &want->answers[i];
    bool last = i + 1 == got->answer_count, given = i < want->answer_count;
    bool right = given && same_line(a, b) && same_message(a, b);
    bool refused = a->status == 408 || a->status >= 502;
    CHECK(!a->bad);
    CHECK(right || refused || (last && given && begins(a, b)));
  }
  bool tunnel = want->rest_len && got->answer_count == want->answer_count;
  if (tunnel)
    CHECK(got->rest_len <= want->rest_len && memcmp(got->rest, want->rest, got->rest_len) == 0);
  CHECK(got->request_count <= want->request_count + 1); /* a retry */
}

static bool may_end(const ended *e, unsigned effect, const fault *f, const scenario *play) {
  if (e->end == play->end) return true;
  bool that = e->stats.error == code_of(f);
  switch (e->end) {
  case WEIR_END_CLIENT_GONE: return effect & GONE && that;
  case WEIR_END_RESET: return effect & RESET && (that || e->stats.status == 101);
  case WEIR_END_TRUNCATED: return effect & CUT_SHORT && e->stats.error == WEIR_ETRUNCATED;
  case WEIR_END_UNREACHABLE: return effect & UNREACHABLE && that;
  case WEIR_END_TIMEOUT:
  case WEIR_END_DRAINED: return effect & TIMEOUT;
  default: return false;
  }
}

static bool is_clean(enum weir_end end) {
  return end == WEIR_END_COMPLETE || end == WEIR_END_ANSWERED;
}

/* Who got a whole answer belongs to an exchange that says so, and the other way round. */
static void check_nothing_is_laundered(const outcome *got, const world *w) {
  size_t clean = 0, whole = 0;
  for (size_t i = 0; i < got->end_count; i++)
    clean += is_clean(got->ends[i].end) && got->ends[i].stats.status == 200;
  for (size_t i = 0; i < got->answer_count; i++)
    whole += got->answers[i].whole && got->answers[i].status == 200;
  if (w->rc_count <= 1) CHECK_INT(whole, clean);
}

/* A file that weir could not look at is left, a handle without descriptor is not served. */
static bool may_refuse(int rc, const fault *f) {
  bool left = rc == UV_EADDRINUSE && (f->side == FAULT_NONE || f->side == FAULT_LISTENER);
  bool closed = rc == WEIR_EINVAL && f->call == FAULT_uv_fileno;
  return rc == code_of(f) || left || closed;
}

static void check_results(const outcome *got, unsigned effect, const fault *f, const world *w) {
  if (effect == REFUSES || effect == NOTHING) CHECK_INT(w->open_doors, w->doors);
  for (size_t i = 0; i < got->rc_count; i++)
    if (got->rcs[i] && CHECK(effect & REFUSES) && !CHECK(may_refuse(got->rcs[i], f)))
      printf("  %s\n", weir_err_name(got->rcs[i]));
}

void check_outcome(const outcome *got, const outcome *want, unsigned effect, const fault *f,
                   const world *w) {
  check_results(got, effect, f, w);
  check_nothing_is_laundered(got, w);
  if (!(effect & (TIMEOUT | LATER))) CHECK(!w->stuck), CHECK_INT(w->steps, 0);
  if (effect == NOTHING || effect == SOFTLY) {
    check_same(got, want);
    check_same_requests(got, want, w);
    if (effect == NOTHING) check_same_end(got, want);
    return;
  }
  check_begins(got, want);
  for (size_t i = 0; i < got->end_count; i++)
    if (!CHECK(may_end(&got->ends[i], effect, f, w->play))) fixture_print(&w->f);
}
