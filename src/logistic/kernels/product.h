/* Logits of rows, in numbers of one kind: predict.c includes this once for float and once for double.

NUMBER is the kind, LANES how many of them a vector has, and KIND(name) the name of what is made for it. */

typedef NUMBER KIND(Vector) __attribute__((vector_size(LANES * sizeof(NUMBER)), aligned(sizeof(NUMBER)), may_alias));

/* The sum of the lanes, by halves. */
INLINE NUMBER KIND(total)(KIND(Vector) v) {
#if LANES == 8
    v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
    v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
#else
    v += __builtin_shufflevector(v, v, 2, 3, 0, 1);
#endif
    return v[0] + v[1];
}

/* eta[c * n + r * apart] = row r . class c + base[c]. Vectors run along the features, so a row's bits depend on no row beside it.

Rows lie `far` numbers apart. tails[c] are the last p % LANES coefficients of a class, behind as many zeros as make a vector. */
INLINE void KIND(tile)(const Rows *task, Py_ssize_t c0, const NUMBER *x, Py_ssize_t far, const NUMBER (*tails)[LANES], Py_ssize_t i,
                      Py_ssize_t apart, const int rows, const int classes) {
    Py_ssize_t p = task->p;
    const NUMBER *w = (const NUMBER *)task->coef + c0 * p;
    KIND(Vector) sum[CLASSES][ROWS], part[ROWS];
    for (int c = 0; c < classes; c++)
        for (int r = 0; r < rows; r++) sum[c][r] = (KIND(Vector)){0};
    for (Py_ssize_t j = 0; j + LANES <= p; j += LANES) {
        for (int r = 0; r < rows; r++) {
            part[r] = *(const KIND(Vector) *)(x + r * far + j);
            if (rows > 1) __builtin_prefetch((const char *)(x + r * far + j) + AHEAD);
        }
        for (int c = 0; c < classes; c++) {
            KIND(Vector) coef = *(const KIND(Vector) *)(w + c * p + j);
            for (int r = 0; r < rows; r++) sum[c][r] += part[r] * coef;
        }
    }
    if (p > LANES && p % LANES) /* numbers that were met before meet zeros */
        for (int r = 0; r < rows; r++) {
            part[r] = *(const KIND(Vector) *)(x + r * far + p - LANES);
            for (int c = 0; c < classes; c++) sum[c][r] += part[r] * *(const KIND(Vector) *)tails[c0 + c];
        }
    for (int c = 0; c < classes; c++)
        for (int r = 0; r < rows; r++) {
            NUMBER found = KIND(total)(sum[c][r]);
            if (p < LANES)
                for (Py_ssize_t j = 0; j < p; j++) found += x[r * far + j] * w[c * p + j];
            ((NUMBER *)task->eta)[(c0 + c) * task->n + i + r * apart] = found + ((const NUMBER *)task->base)[c0 + c];
        }
}

/* The same for all classes. The numbers of rows and classes are known to the compiler, so that sums stay in registers. */
INLINE void KIND(strip)(const Rows *task, const NUMBER (*tails)[LANES], Py_ssize_t i, Py_ssize_t apart, const int rows) {
    const NUMBER *x = (const NUMBER *)task->x + i * task->p;
    Py_ssize_t far = apart * task->p;
    if (task->held) {
        for (int r = 0; r < rows; r++) prepare(task, i + r * apart, task->held + r * task->p);
        x = (const NUMBER *)task->held, far = task->p;
    }
    for (Py_ssize_t c = 0; c < task->M; c += CLASSES) switch (task->M - c) {
        case 1: KIND(tile)(task, c, x, far, tails, i, apart, rows, 1); break;
        case 2: KIND(tile)(task, c, x, far, tails, i, apart, rows, 2); break;
        case 3: KIND(tile)(task, c, x, far, tails, i, apart, rows, 3); break;
        case 4: KIND(tile)(task, c, x, far, tails, i, apart, rows, 4); break;
        default: KIND(tile)(task, c, x, far, tails, i, apart, rows, CLASSES);
    }
}

/* All rows: four streams of them, each read from end to end, which is what processors fetch ahead best. */
WIDE static int KIND(logits)(const Rows *task) {
    NUMBER tails[MOST][LANES] = {{0}};
    Py_ssize_t p = task->p, left = p % LANES, apart = task->n / ROWS;
    for (Py_ssize_t c = 0; c < task->M; c++)
        for (Py_ssize_t l = 0; l < left; l++) tails[c][LANES - left + l] = ((const NUMBER *)task->coef)[(c + 1) * p - left + l];
    for (Py_ssize_t i = 0; i < apart; i++) KIND(strip)(task, tails, i, apart, ROWS);
    for (Py_ssize_t i = apart * ROWS; i < task->n; i++) KIND(strip)(task, tails, i, 0, 1);
    int bad = 0;
    const NUMBER *eta = task->eta;
#pragma omp simd reduction(| : bad)
    for (Py_ssize_t i = 0; i < task->M * task->n; i++) bad |= !(fabs((double)eta[i]) <= DBL_MAX);
    return !bad;
}
