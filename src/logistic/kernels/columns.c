/* Products with few columns of many, each in one piece of memory: what is zero, or does not take part, is not read. */

#include "kernels.h"

enum {
    CHUNK = 1024,      /* rows whose logits stay in the nearest cache */
    WIDTH = 2048,      /* sums of a set of residuals that stay in the cache */
    LINE = WIDTH + 24, /* apart, so that those of several sets are not in the same lines of it */
};

/* eta += X' W; X is (m, stride), of which n rows from `first` on. */
WIDE static void added(const double *X, const double *W, double *eta, Py_ssize_t m, Py_ssize_t n, Py_ssize_t stride) {
    for (Py_ssize_t start = 0; start < n; start += CHUNK) {
        Py_ssize_t rows = n - start < CHUNK ? n - start : CHUNK, j = 0;
        double *restrict to = eta + start;
        while (j < m) { /* four columns at a time, so that logits are loaded and stored once for them */
            const double *some[4];
            double w[4] = {0.0, 0.0, 0.0, 0.0};
            int count = 0;
            for (; j < m && count < 4; j++)
                if (W[j] != 0.0) some[count] = X + j * stride + start, w[count++] = W[j];
            if (count == 0) break;
            for (int k = count; k < 4; k++) some[k] = some[0];
            const double *a = some[0], *b = some[1], *c = some[2], *d = some[3];
#pragma omp simd
            for (Py_ssize_t i = 0; i < rows; i++) to[i] += (w[0] * a[i] + w[1] * b[i]) + (w[2] * c[i] + w[3] * d[i]);
        }
    }
}

/* pull[j] = X[j] . residual for the columns that are asked for. */
WIDE static void dotted(const double *X, const int64_t *taking, Py_ssize_t count, const double *restrict residual, double *pull,
                        Py_ssize_t n, Py_ssize_t stride) {
    for (Py_ssize_t k = 0; k < count; k += 4) {
        Py_ssize_t last = count - 1; /* the last columns of all may come several times */
        int64_t at[4] = {taking[k], taking[k + 1 < last ? k + 1 : last], taking[k + 2 < last ? k + 2 : last],
                         taking[k + 3 < last ? k + 3 : last]};
        const double *a = X + at[0] * stride, *b = X + at[1] * stride, *c = X + at[2] * stride, *d = X + at[3] * stride;
        double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
        for (Py_ssize_t i = 0; i < n; i++) {
            s0 += a[i] * residual[i];
            s1 += b[i] * residual[i];
            s2 += c[i] * residual[i];
            s3 += d[i] * residual[i];
        }
        pull[at[0]] = s0, pull[at[1]] = s1, pull[at[2]] = s2, pull[at[3]] = s3;
    }
}

/* to[k] = (column keep[k] of X - center[k]) / scale[k]; X is (n, p), or (p, n) where its columns lie in one piece. */
WIDE static void taken(const double *restrict X, const int64_t *keep, const double *center, const double *scale,
                       double *restrict to, Py_ssize_t m, Py_ssize_t n, Py_ssize_t p, int by_rows) {
    for (Py_ssize_t k = 0; k < m && !by_rows; k++) {
        const double *column = X + keep[k] * n;
        double *own = to + k * n, c = center[k], s = scale[k];
#pragma omp simd
        for (Py_ssize_t i = 0; i < n; i++) own[i] = (column[i] - c) / s;
    }
    for (Py_ssize_t start = 0; start < n && by_rows; start += 8) { /* a line of the cache of each column at a time */
        Py_ssize_t end = start + 8 < n ? start + 8 : n;
        for (Py_ssize_t k = 0; k < m; k++)
            for (Py_ssize_t i = start; i < end; i++) to[k * n + i] = (X[i * p + keep[k]] - center[k]) / scale[k];
    }
}

/* total[b] += G[:, b]' X for columns `first` to `last`; X is (n, p), G (n, sets), and total has rows of q. The sums of these rows
 * alone are added up in `room`, WIDTH numbers for each set and for those that make their number a multiple of four. */
WIDE static void gathered(const double *X, const double *G, double *total, Py_ssize_t n, Py_ssize_t p, Py_ssize_t sets,
                          Py_ssize_t q, Py_ssize_t first, Py_ssize_t last, double *room) {
    for (Py_ssize_t start = first; start < last; start += WIDTH) {
        Py_ssize_t width = last - start < WIDTH ? last - start : WIDTH;
        memset(room, 0, (sets + 3) / 4 * 4 * LINE * sizeof(double));
        for (Py_ssize_t r = 0; r < n; r += 4) { /* four rows and four sets at a time: each number is used four times */
            const double *row[4];
            for (int i = 0; i < 4; i++) row[i] = X + (r + i < n ? r + i : r) * p + start;
            for (Py_ssize_t b = 0; b < sets; b += 4) {
                double w[4][4];
                for (int k = 0; k < 4; k++)
                    for (int i = 0; i < 4; i++) w[k][i] = b + k < sets && r + i < n ? G[(r + i) * sets + b + k] : 0.0;
                const double *restrict x0 = row[0], *restrict x1 = row[1], *restrict x2 = row[2], *restrict x3 = row[3];
                double *restrict s0 = room + b * LINE, *restrict s1 = s0 + LINE, *restrict s2 = s1 + LINE, *restrict s3 = s2 + LINE;
#pragma omp simd
                for (Py_ssize_t j = 0; j < width; j++) {
                    double a = x0[j], c = x1[j], d = x2[j], e = x3[j];
                    s0[j] = s0[j] + w[0][0] * a + w[0][1] * c + w[0][2] * d + w[0][3] * e;
                    s1[j] = s1[j] + w[1][0] * a + w[1][1] * c + w[1][2] * d + w[1][3] * e;
                    s2[j] = s2[j] + w[2][0] * a + w[2][1] * c + w[2][2] * d + w[2][3] * e;
                    s3[j] = s3[j] + w[3][0] * a + w[3][1] * c + w[3][2] * d + w[3][3] * e;
                }
            }
        }
        for (Py_ssize_t b = 0; b < sets; b++)
#pragma omp simd
            for (Py_ssize_t j = 0; j < width; j++) total[b * q + start + j] += room[b * LINE + j];
    }
}

/* Whether all are numbers of columns of p; an error if not. */
static int among(const Array *columns, Py_ssize_t p) {
    const int64_t *at = columns->data;
    for (Py_ssize_t k = 0; k < columns->size; k++) {
        if (at[k] < 0 || at[k] >= p) {
            PyErr_Format(PyExc_ValueError, "there is no column %zd among %zd", (Py_ssize_t)at[k], p);
            return 0;
        }
    }
    return 1;
}

/* How many rows X has for each of m columns, where n of them from `first` on are there; an error and -1 if not. */
static Py_ssize_t stride_of(const Array *X, Py_ssize_t m, Py_ssize_t n, Py_ssize_t first) {
    Py_ssize_t stride = m > 0 ? X->size / m : 0;
    if (stride * m == X->size && first >= 0 && (m == 0 || first <= stride - n)) return stride;
    PyErr_Format(PyExc_ValueError, "X holds %zd numbers, not %zd columns of %zd rows from row %zd on", X->size, m, n, first);
    return -1;
}

PyObject *add_columns(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 4) return PyErr_Format(PyExc_TypeError, "add_columns takes 3 arrays and a row");
    Array arrays[3]; /* X, W, eta */
    Py_ssize_t first = PyLong_AsSsize_t(args[3]);
    if (PyErr_Occurred()) return NULL;
    if (!borrow_all(args, arrays, "ddD")) return NULL;
    Py_ssize_t m = arrays[1].size, n = arrays[2].size, stride = stride_of(&arrays[0], m, n, first);
    if (stride >= 0) {
        Py_BEGIN_ALLOW_THREADS
        added((const double *)arrays[0].data + first, arrays[1].data, arrays[2].data, m, n, stride);
        Py_END_ALLOW_THREADS
    }
    give_back(arrays, 3);
    if (stride < 0) return NULL;
    Py_RETURN_NONE;
}

PyObject *dot_columns(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "dot_columns takes 4 arrays and a row");
    Array arrays[4]; /* X, taking, residual, pull */
    Py_ssize_t first = PyLong_AsSsize_t(args[4]);
    if (PyErr_Occurred()) return NULL;
    if (!borrow_all(args, arrays, "dqdD")) return NULL;
    Py_ssize_t m = arrays[3].size, n = arrays[2].size, stride = among(&arrays[1], m) ? stride_of(&arrays[0], m, n, first) : -1;
    if (stride >= 0) {
        Py_BEGIN_ALLOW_THREADS
        dotted((const double *)arrays[0].data + first, arrays[1].data, arrays[1].size, arrays[2].data, arrays[3].data, n, stride);
        Py_END_ALLOW_THREADS
    }
    give_back(arrays, 4);
    if (stride < 0) return NULL;
    Py_RETURN_NONE;
}

PyObject *gather_rows(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 6) return PyErr_Format(PyExc_TypeError, "gather_rows takes 3 arrays, the number of sets, and a range of columns");
    Array arrays[3]; /* X, G, total */
    Py_ssize_t sets = PyLong_AsSsize_t(args[3]), first = PyLong_AsSsize_t(args[4]), last = PyLong_AsSsize_t(args[5]);
    if (PyErr_Occurred()) return NULL;
    if (!borrow_all(args, arrays, "ddD")) return NULL;
    Py_ssize_t n = sets > 0 ? arrays[1].size / sets : 0, q = sets > 0 ? arrays[2].size / sets : 0,
               p = n > 0 ? arrays[0].size / n : 0;
    int sound = sets > 0 && n * sets == arrays[1].size && q * sets == arrays[2].size && n * p == arrays[0].size;
    sound = sound && 0 <= first && first <= last && (n == 0 || last <= p) && last <= q;
    double *room = sound ? malloc((sets + 3) / 4 * 4 * LINE * sizeof(double)) : NULL;
    if (room && n > 0) {
        Py_BEGIN_ALLOW_THREADS
        gathered(arrays[0].data, arrays[1].data, arrays[2].data, n, p, sets, q, first, last, room);
        Py_END_ALLOW_THREADS
    }
    free(room);
    give_back(arrays, 3);
    if (!sound) return PyErr_Format(PyExc_ValueError, "columns %zd to %zd of %zd sets are not in these arrays", first, last, sets);
    if (!room) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

PyObject *take_columns(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 6) return PyErr_Format(PyExc_TypeError, "take_columns takes 5 arrays and whether X lies row by row");
    Array arrays[5]; /* X, keep, center, scale, to */
    int by_rows = PyObject_IsTrue(args[5]);
    if (by_rows < 0) return NULL;
    Py_ssize_t m = -1;
    for (int i = 0; i < 5; i++) {
        if (!borrow(args[i], &arrays[i], i == 1 ? "q" : "d", i == 2 || i == 3 ? m : -1, i == 4)) {
            give_back(arrays, i);
            return NULL;
        }
        if (i == 1) m = arrays[1].size;
    }
    Py_ssize_t n = m > 0 ? arrays[4].size / m : 0, p = n > 0 ? arrays[0].size / n : 0;
    int sound = n * m == arrays[4].size && (m == 0 || n == 0 || n * p == arrays[0].size) && (n == 0 || among(&arrays[1], p));
    if (sound) {
        Py_BEGIN_ALLOW_THREADS
        taken(arrays[0].data, arrays[1].data, arrays[2].data, arrays[3].data, arrays[4].data, m, n, p, by_rows);
        Py_END_ALLOW_THREADS
    } else if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError, "%zd columns of %zd numbers do not fill %zd", m, arrays[0].size, arrays[4].size);
    }
    give_back(arrays, 5);
    if (!sound) return NULL;
    Py_RETURN_NONE;
}
