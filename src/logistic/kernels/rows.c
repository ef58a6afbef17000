/* Logits of rows that lie one behind the other in memory, for few classes. */

#include "kernels.h"

#if defined(VECTORS_KNOWN) /* others do it with NumPy */

#include "rows.h"

#define NUMBER float
#define STORED float
#define LANES 8
#define CENTRED 0
#define KIND(name) name##_single
#include "strip.h"
#undef NUMBER
#undef STORED
#undef LANES
#undef CENTRED
#undef KIND
#define NUMBER double
#define STORED double
#define LANES 4
#define CENTRED 1
#define KIND(name) name##_double
#include "strip.h"
#undef STORED
#undef KIND
#define STORED float
#define KIND(name) name##_raised
#include "strip.h"

void logits_of(const Rows *rows) {
    if (rows->kind == 'f')
        logits_single(rows);
    else if (rows->stored == 'f')
        logits_raised(rows);
    else
        logits_double(rows);
}

#endif
