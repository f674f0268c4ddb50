/* Where the relay says what happens. */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

enum weir_log_level { WEIR_LOG_ERROR = 1, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG };

/* Gets one line without newline: `relay=.. ex=.. event key=value`. The line is valid until the
 * call returns. A line is formatted only when its level is asked for. The callback may not call
 * back into the relay. */
typedef void (*weir_log_fn)(enum weir_log_level level, const char *line, void *user);

#ifdef __cplusplus
}
#endif
#endif
