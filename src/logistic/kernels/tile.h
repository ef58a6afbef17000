/* How rows become a tile: some of them, one column after another, scaled and in any order. */

#define AHEAD 4 /* columns that are fetched before they are copied: a processor looks ahead within a column only */

/* The rows as they lie in memory, and how they become columns of a tile: less `center`, times `factor`, with ones behind. */
typedef struct {
    const char *data;
    Py_ssize_t row, column; /* strides in bytes */
    int single;             /* float32 */
    Py_ssize_t p, q;
    const int64_t *order; /* NULL where rows are taken as they come */
    const double *center, *factor;
} Rows;

INLINE double number(const char *at, int single) {
    return single ? (double)*(const float *)at : *(const double *)at;
}

INLINE void columns_of(const Rows *X, const char *const *row, double *tile, Py_ssize_t stride, int count, int single) {
    for (Py_ssize_t j = 0; j < X->p; j++) {
        double center = X->center ? X->center[j] : 0.0, factor = X->factor ? X->factor[j] : 1.0;
        for (int k = 0; k < count; k++) tile[j * stride + k] = (number(row[k] + j * X->column, single) - center) * factor;
    }
}

/* Rows first to first + count as columns of `rows` rows; those beyond repeat the last one, and count for nothing. */
static void fill(const Rows *X, Py_ssize_t first, Py_ssize_t count, double *tile, Py_ssize_t rows) {
    int plain = !X->order && !X->center && !X->factor && !X->single && X->row == 8;
    for (Py_ssize_t j = 0; plain && j < X->p; j++) {
        const double *from = (const double *)(X->data + j * X->column) + first;
        for (Py_ssize_t i = 0; i < count && j + AHEAD < X->p; i += 8) PREFETCH((const char *)(from + i) + AHEAD * X->column, 0, 2);
        memcpy(tile + j * rows, from, 8 * count);
        for (Py_ssize_t i = count; i < rows; i++) tile[j * rows + i] = from[count - 1];
    }
    for (Py_ssize_t i = 0; !plain && i < rows; i += 8) { /* so many numbers of a column fill a line of the cache */
        const char *row[8];
        for (int k = 0; k < 8; k++) {
            Py_ssize_t at = first + (i + k < count ? i + k : count - 1);
            row[k] = X->data + (X->order ? (Py_ssize_t)X->order[at] : at) * X->row;
        }
        if (rows - i < 8)
            columns_of(X, row, tile + i, rows, (int)(rows - i), X->single);
        else if (X->single)
            columns_of(X, row, tile + i, rows, 8, 1);
        else
            columns_of(X, row, tile + i, rows, 8, 0);
    }
    if (X->q > X->p)
        for (Py_ssize_t i = 0; i < rows; i++) tile[X->p * rows + i] = 1.0;
}

/* Numbers of some rows in their order; zeros behind, and everywhere without an array. */
static void gather(const double *from, const int64_t *order, Py_ssize_t first, Py_ssize_t count, double *to, Py_ssize_t rows) {
    for (Py_ssize_t i = 0; i < rows; i++) to[i] = from && i < count ? from[order ? order[first + i] : first + i] : 0.0;
}

static Py_ssize_t padded(Py_ssize_t size, Py_ssize_t unit) {
    return (size + unit - 1) / unit * unit;
}

static int any(const double *numbers, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (numbers[i] != 0.0) return 1;
    return 0;
}
