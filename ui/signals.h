/* What the user asks for by signals while a run goes on. */
#ifndef WSIGHT_SIGNALS_H
#define WSIGHT_SIGNALS_H

#include <stdbool.h>

/*
 * SIGINT and SIGTERM stop the run; the next one of the kind has its usual effect. Live, SIGUSR1
 * asks for a report and SIGHUP to open the outputs anew. A signal that is ignored stays so.
 */
void signals_catch(bool live);

/* The signal that asked to stop; 0: none did. */
int signals_stop(void);

/* Whether one came since the last call. */
bool signals_take_report(void);
bool signals_take_reopen(void);

#endif
