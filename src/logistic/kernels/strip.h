/* Logits of a few rows, in numbers of one kind: to be included once for each.

   NUMBER is the kind, LANES how many of them a vector has, STORED the kind in which rows lie in memory, CENTRED whether a centre
   may be subtracted from them, and KIND(name) the name of what is made for these. */

typedef NUMBER KIND(Vector) __attribute__((vector_size(LANES * sizeof(NUMBER)), aligned(sizeof(NUMBER)), may_alias));
typedef STORED KIND(Stored) __attribute__((vector_size(LANES * sizeof(STORED)), aligned(sizeof(STORED)), may_alias));

/* out[r] = the sum of the lanes of v[r], by halves: in the same order for one row as for four. */
INLINE void KIND(totals)(const KIND(Vector) * v, NUMBER *out, const int rows) {
#if LANES == 8
    if (rows == 1) {
        KIND(Vector) s = v[0] + __builtin_shufflevector(v[0], v[0], 4, 5, 6, 7, 0, 1, 2, 3);
        s += __builtin_shufflevector(s, s, 2, 3, 0, 1, 6, 7, 4, 5);
        out[0] = s[0] + s[1];
        return;
    }
    KIND(Vector) s[2];
    for (int i = 0; i < 2; i++)
        s[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15);
    s[0] = __builtin_shufflevector(s[0], s[1], 0, 1, 8, 9, 4, 5, 12, 13) +
           __builtin_shufflevector(s[0], s[1], 2, 3, 10, 11, 6, 7, 14, 15);
    s[0] += __builtin_shufflevector(s[0], s[0], 1, 0, 3, 2, 5, 4, 7, 6);
    out[0] = s[0][0], out[1] = s[0][4], out[2] = s[0][2], out[3] = s[0][6];
#else
    if (rows == 1) {
        KIND(Vector) s = v[0] + __builtin_shufflevector(v[0], v[0], 2, 3, 0, 1);
        out[0] = s[0] + s[1];
        return;
    }
    KIND(Vector) s[2];
    for (int i = 0; i < 2; i++)
        s[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 4, 5) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 3, 6, 7);
    s[0] = __builtin_shufflevector(s[0], s[1], 0, 4, 2, 6) + __builtin_shufflevector(s[0], s[1], 1, 5, 3, 7);
    out[0] = s[0][0], out[1] = s[0][2], out[2] = s[0][1], out[3] = s[0][3];
#endif
}

/* eta[c * n + r * apart] = row r . class c + base[c]. Vectors run along the features, so a row's bits depend on no row beside it.

   tails[c] are the last p % LANES coefficients of a class, behind as many zeros as make a vector. The numbers of rows and classes,
   and whether rows are centred, are known to the compiler, so that sums stay in registers. */
INLINE void KIND(tile)(const Rows *task, Py_ssize_t c0, const NUMBER (*tails)[LANES], Py_ssize_t i, Py_ssize_t apart,
                       const int rows, const int classes, const int centred) {
    Py_ssize_t p = task->p, far = apart * p;
    const STORED *x = (const STORED *)task->x + i * p;
    const NUMBER *w = (const NUMBER *)task->coef + c0 * p, *center = task->center;
    KIND(Vector) sum[CLASSES][ROWS], part[ROWS];
    for (int c = 0; c < classes; c++)
        for (int r = 0; r < rows; r++) sum[c][r] = (KIND(Vector)){0};
    for (Py_ssize_t j = 0; j + LANES <= p; j += LANES) {
        for (int r = 0; r < rows; r++) {
            part[r] = __builtin_convertvector(*(const KIND(Stored) *)(x + r * far + j), KIND(Vector));
            if (rows > 1) PREFETCH((const char *)(x + r * far + j) + AHEAD);
            if (centred) part[r] -= *(const KIND(Vector) *)(center + j);
        }
        for (int c = 0; c < classes; c++) {
            KIND(Vector) coef = *(const KIND(Vector) *)(w + c * p + j);
            for (int r = 0; r < rows; r++) sum[c][r] += part[r] * coef;
        }
    }
    if (p % LANES) { /* the last numbers of each row; others in their vector meet zeros */
        for (int r = 0; r < rows; r++) {
            part[r] = (KIND(Vector)){0};
            if (p > LANES) part[r] = __builtin_convertvector(*(const KIND(Stored) *)(x + r * far + p - LANES), KIND(Vector));
            if (p > LANES && centred) part[r] -= *(const KIND(Vector) *)(center + p - LANES);
            for (Py_ssize_t j = 0; j < p && p < LANES; j++) part[r][LANES - p + j] = x[r * far + j] - (centred ? center[j] : 0);
        }
        for (int c = 0; c < classes; c++)
            for (int r = 0; r < rows; r++) sum[c][r] += part[r] * *(const KIND(Vector) *)tails[c0 + c];
    }
    for (int c = 0; c < classes; c++) {
        NUMBER found[ROWS];
        KIND(totals)(sum[c], found, rows);
        for (int r = 0; r < rows; r++)
            ((NUMBER *)task->eta)[(c0 + c) * task->n + i + r * apart] = found[r] + ((const NUMBER *)task->base)[c0 + c];
    }
}

/* The same for all classes. */
INLINE void KIND(strip)(const Rows *task, const NUMBER (*tails)[LANES], Py_ssize_t i, Py_ssize_t apart, const int rows,
                        const int centred) {
    for (Py_ssize_t c = 0; c < task->M; c += CLASSES) switch (task->M - c) {
            case 1: KIND(tile)(task, c, tails, i, apart, rows, 1, centred); break;
            case 2: KIND(tile)(task, c, tails, i, apart, rows, 2, centred); break;
            case 3: KIND(tile)(task, c, tails, i, apart, rows, 3, centred); break;
            case 4: KIND(tile)(task, c, tails, i, apart, rows, 4, centred); break;
            default: KIND(tile)(task, c, tails, i, apart, rows, CLASSES, centred);
        }
}

INLINE void KIND(streams)(const Rows *task, const NUMBER (*tails)[LANES], const int centred) {
    Py_ssize_t apart = task->n / ROWS;
    for (Py_ssize_t i = 0; i < apart; i++) KIND(strip)(task, tails, i, apart, ROWS, centred);
    for (Py_ssize_t i = apart * ROWS; i < task->n; i++) KIND(strip)(task, tails, i, 0, 1, centred);
}

/* All rows: four streams of them, each read from end to end, which is what processors fetch ahead best. */
WIDE static void KIND(logits)(const Rows *task) {
    NUMBER tails[MOST][LANES] = {{0}};
    Py_ssize_t p = task->p, left = p % LANES;
    for (Py_ssize_t c = 0; c < task->M; c++)
        for (Py_ssize_t l = 0; l < left; l++) tails[c][LANES - left + l] = ((const NUMBER *)task->coef)[(c + 1) * p - left + l];
    if (CENTRED && task->center)
        KIND(streams)(task, tails, CENTRED);
    else
        KIND(streams)(task, tails, 0);
}
