/* Flags of event streams: how each reads its value, and which of them need or exclude each other.
 * Which text may be put into a stream is the library's to judge. Texts with `\n` written out are
 * copied, and belong to the configuration. */
#ifndef RELAY_EVENT_FLAGS_H
#define RELAY_EVENT_FLAGS_H

#include "flag_table.h"

/* Readers. In all of them "off" is the library's zero. */
bool take_event_time(const struct flag *flag, struct config *config, const char *value);
bool take_event_size(const struct flag *flag, struct config *config, const char *value);
bool take_event_size64(const struct flag *flag, struct config *config, const char *value);
bool take_event_count(const struct flag *flag, struct config *config, const char *value);
bool take_event_count64(const struct flag *flag, struct config *config, const char *value);
bool take_event_mode(const struct flag *flag, struct config *config, const char *value);
bool take_heartbeat(const struct flag *flag, struct config *config, const char *value);
bool take_terminal(const struct flag *flag, struct config *config, const char *value);
bool take_end_marker(const struct flag *flag, struct config *config, const char *value);
bool take_stale_action(const struct flag *flag, struct config *config, const char *value);

/* All have been read: makes them what the library is given. False after saying what does not go
 * together. */
bool event_flags_check(struct config *config);

/* Frees the texts. */
void event_flags_free(struct config *config);

#endif
