/* Logits and probabilities of rows, in numbers of one kind: predict.c includes this once for float and once for double.

NUMBER is the kind, LANES how many of them a vector has, and KIND(name) the name of what is made for it. */

typedef NUMBER KIND(Vector) __attribute__((vector_size(LANES * sizeof(NUMBER)), aligned(sizeof(NUMBER)), may_alias));

/* out[r] = the sum of the lanes of v[r], by halves: in the same order for one row as for four. */
INLINE void KIND(totals)(const KIND(Vector) *v, NUMBER *out, const int rows) {
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
        s[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 4, 5) + __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 3, 6, 7);
    s[0] = __builtin_shufflevector(s[0], s[1], 0, 4, 2, 6) + __builtin_shufflevector(s[0], s[1], 1, 5, 3, 7);
    out[0] = s[0][0], out[1] = s[0][2], out[2] = s[0][1], out[3] = s[0][3];
#endif
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
    if (p % LANES) { /* the last numbers of each row; others in their vector meet zeros */
        for (int r = 0; r < rows; r++) {
            part[r] = (KIND(Vector)){0};
            if (p > LANES) part[r] = *(const KIND(Vector) *)(x + r * far + p - LANES);
            for (Py_ssize_t j = 0; j < p && p < LANES; j++) part[r][LANES - p + j] = x[r * far + j];
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

/* z (M, CHUNK), of which `count` columns count, becomes probabilities: for M = 1 those of two classes. */
INLINE void KIND(softmax)(NUMBER *restrict z, Py_ssize_t M, Py_ssize_t count) {
    if (M == 1) {
#pragma omp simd
        for (Py_ssize_t t = 0; t < count; t++) {
            NUMBER x = z[t], small = KIND(share)(x > 0 ? -x : x), lower = small / (1 + small), upper = 1 / (1 + small);
            z[CHUNK + t] = x > 0 ? upper : lower;
            z[t] = x > 0 ? lower : upper;
        }
        return;
    }
    NUMBER top[CHUNK], total[CHUNK] = {0};
    memcpy(top, z, sizeof top);
    for (Py_ssize_t c = 1; c < M; c++)
        for (Py_ssize_t t = 0; t < count; t++) top[t] = z[c * CHUNK + t] > top[t] ? z[c * CHUNK + t] : top[t];
    for (Py_ssize_t c = 0; c < M; c++)
#pragma omp simd
        for (Py_ssize_t t = 0; t < count; t++) total[t] += z[c * CHUNK + t] = KIND(share)(z[c * CHUNK + t] - top[t]);
    for (Py_ssize_t c = 0; c < M; c++)
        for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] /= total[t];
}

/* The probabilities (n, K) of logits (n, M), wherever these lie. */
WIDE static void KIND(shares)(const Py_buffer *eta, const Py_buffer *found) {
    NUMBER z[WIDEST * CHUNK];
    Py_ssize_t n = eta->shape[0], M = eta->shape[1], K = found->shape[1], along = eta->strides[0], across = eta->strides[1];
    for (Py_ssize_t i = 0; i < n; i += CHUNK) {
        Py_ssize_t count = n - i < CHUNK ? n - i : CHUNK;
        for (Py_ssize_t c = 0; c < M; c++) {
            const char *from = (const char *)eta->buf + i * along + c * across;
            for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] = *(const NUMBER *)(from + t * along);
        }
        KIND(softmax)(z, M, count);
        for (Py_ssize_t k = 0; k < K; k++)
            for (Py_ssize_t t = 0; t < count; t++) ((NUMBER *)found->buf)[(i + t) * K + k] = z[k * CHUNK + t];
    }
}
