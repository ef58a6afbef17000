/* A pass over rows of one kind: pass.c includes this once for float and once for double.

   STORED is the kind in which rows lie in memory, KIND(name) the name of what is made for it. */

typedef STORED KIND(Stored) __attribute__((vector_size(LANES * sizeof(STORED)), aligned(sizeof(STORED)), may_alias));

/* pull[c * p + j] += left[i * K + c] * (x[i * p + j] - center[j]), summed over the rows i, for so many features and classes. */
INLINE void KIND(gathered)(const STORED *x, const double *center, Py_ssize_t p, const double *left, Py_ssize_t K, Py_ssize_t rows,
                           double *pull, const int vectors, const int classes) {
    Vector sum[CLASSES][VECTORS], part[VECTORS], less[VECTORS];
    for (int v = 0; v < vectors; v++) less[v] = center ? *(const Vector *)(center + v * LANES) : (Vector){0};
    for (int c = 0; c < classes; c++)
        for (int v = 0; v < vectors; v++) sum[c][v] = *(const Vector *)(pull + c * p + v * LANES);
    for (Py_ssize_t i = 0; i < rows; i++) {
        for (int v = 0; v < vectors; v++)
            part[v] = __builtin_convertvector(*(const KIND(Stored) *)(x + i * p + v * LANES), Vector) - less[v];
        for (int c = 0; c < classes; c++)
            for (int v = 0; v < vectors; v++) sum[c][v] += part[v] * left[i * K + c];
    }
    for (int c = 0; c < classes; c++)
        for (int v = 0; v < vectors; v++) *(Vector *)(pull + c * p + v * LANES) = sum[c][v];
}

INLINE void KIND(gathered_by_all)(const STORED *x, const double *center, Py_ssize_t p, const double *left, Py_ssize_t K,
                                  Py_ssize_t rows, double *pull, const int vectors) {
    for (Py_ssize_t c = 0; c < K; c += CLASSES, left += CLASSES, pull += CLASSES * p) switch (K - c) {
            case 1: KIND(gathered)(x, center, p, left, K, rows, pull, vectors, 1); break;
            case 2: KIND(gathered)(x, center, p, left, K, rows, pull, vectors, 2); break;
            case 3: KIND(gathered)(x, center, p, left, K, rows, pull, vectors, 3); break;
            case 4: KIND(gathered)(x, center, p, left, K, rows, pull, vectors, 4); break;
            default: KIND(gathered)(x, center, p, left, K, rows, pull, vectors, CLASSES);
        }
}

/* Gradients: pull (K, p) += left' (x - center), of left (rows, K) and x (rows, p); and as many rows behind them as will be next
   are asked for meanwhile. */
INLINE void KIND(pulled)(const Rows *band, const double *left, double *pull, Py_ssize_t next) {
    Py_ssize_t p = band->p, K = band->M, rows = band->n, wide = VECTORS * LANES, j = 0;
    const STORED *x = band->x;
    const double *center = band->center;
    const char *behind = (const char *)(x + rows * p);
    Py_ssize_t piece = p < wide ? 0 : next * p * (Py_ssize_t)sizeof *x / (p / wide);
    for (; j + wide <= p; j += wide, behind += piece) {
        for (Py_ssize_t k = 0; k < piece; k += 64) PREFETCH(behind + k, 0, 2);
        KIND(gathered_by_all)(x + j, center ? center + j : NULL, p, left, K, rows, pull + j, VECTORS);
    }
    for (; j + LANES <= p; j += LANES) KIND(gathered_by_all)(x + j, center ? center + j : NULL, p, left, K, rows, pull + j, 1);
    for (; j < p; j++)
        for (Py_ssize_t c = 0; c < K; c++)
            for (Py_ssize_t i = 0; i < rows; i++) pull[c * p + j] += left[i * K + c] * (x[i * p + j] - (center ? center[j] : 0.0));
}

/* Rows first to first + count, of which the next ones are as many, or fewer. */
INLINE void KIND(passed)(const Pass *task, Py_ssize_t first, Py_ssize_t count, Py_ssize_t next) {
    Py_ssize_t n = task->rows.n, K = task->rows.M;
    double z[MOST * BAND], residual[MOST * BAND], left[MOST * BAND], losses[BAND], space[2 * MOST * BAND];
    Rows band = task->rows;
    band.x = (const STORED *)band.x + first * band.p, band.eta = z, band.n = count;
    if (band.coef) logits_of(&band);
    for (Py_ssize_t c = 0; c < K; c++) {
        double *eta = task->eta + c * n + first, *along = task->along ? task->along + c * n + first : NULL, *own = z + c * count;
        const double *start = task->start ? task->start + c * n + first : NULL;
        if (band.coef && along)
            memcpy(along, own, count * sizeof *own);
        else if (along)
            memcpy(own, along, count * sizeof *own);
        else if (!band.coef)
            memset(own, 0, count * sizeof *own);
        for (Py_ssize_t i = 0; i < count; i++) eta[i] = own[i] = (start ? start[i] : 0.0) + task->t * own[i];
    }
    if (K > 1) {
        band_losses(z, task->y + first, count, K, count, losses, residual, space);
    } else {
        for (Py_ssize_t i = 0; i < count; i++) space[i] = (double)task->y[first + i];
        binary_rows(z, space, losses, residual, count);
    }
    for (Py_ssize_t i = 0; i < count; i++) *task->loss += task->weight[first + i] * losses[i];
    for (Py_ssize_t c = 0; c < K; c++)
        for (Py_ssize_t i = 0; i < count; i++) task->sums[c] += left[i * K + c] = task->weight[first + i] * residual[c * count + i];
    KIND(pulled)(&band, left, task->pull, next);
}

WIDE static void KIND(passed_by_all)(const Pass *task, Py_ssize_t rows) {
    for (Py_ssize_t first = 0, count, behind; first < task->rows.n; first += count) {
        count = task->rows.n - first < rows ? task->rows.n - first : rows;
        behind = task->rows.n - first - count;
        KIND(passed)(task, first, count, behind < count ? behind : count);
    }
}
