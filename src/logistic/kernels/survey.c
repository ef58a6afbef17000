/* Extremes and sums of the columns of rows that lie one after another, in one pass over them. */

#include "kernels.h"

enum { ACROSS = 512 }; /* columns whose extremes and sums stay in the first cache */

typedef struct {
    double *restrict low, *restrict high, *restrict first, *restrict second;
} Found;

/* So that a processor sees that it reads one line of memory after another, whatever the order in which it needs them. */
INLINE void ask_for(const double *row, Py_ssize_t width) {
    for (Py_ssize_t j = 0; j < width; j += 8) PREFETCH(row + j);
}

/* Of rows (n, p), n > 0: smallest and largest numbers, and sums of x - middle and of its squares. Where a sum is not finite,
 * extremes may have passed over what is no number. */
WIDE static void surveyed(const double *X, const double *restrict middle, Found to, Py_ssize_t n, Py_ssize_t p) {
    for (Py_ssize_t start = 0; start < p; start += ACROSS) {
        Py_ssize_t width = p - start < ACROSS ? p - start : ACROSS;
        double *restrict low = to.low + start, *restrict high = to.high + start;
        double *restrict first = to.first + start, *restrict second = to.second + start;
        const double *restrict mid = middle + start;
        memcpy(low, X + start, width * sizeof(double));
        memcpy(high, X + start, width * sizeof(double));
        memset(first, 0, width * sizeof(double));
        memset(second, 0, width * sizeof(double));
        Py_ssize_t r = 0;
        for (; r + 4 <= n; r += 4) { /* four rows at a time, so that what is found is loaded and stored once for them */
            const double *restrict a = X + r * p + start, *restrict b = a + p, *restrict c = b + p, *restrict d = c + p;
            ask_for(a, width), ask_for(b, width), ask_for(c, width), ask_for(d, width); /* one after another, as they lie */
#pragma omp simd
            for (Py_ssize_t j = 0; j < width; j++) {
                double lower = a[j] < b[j] ? a[j] : b[j], upper = a[j] > b[j] ? a[j] : b[j];
                double least = c[j] < d[j] ? c[j] : d[j], most = c[j] > d[j] ? c[j] : d[j];
                lower = lower < least ? lower : least, upper = upper > most ? upper : most;
                low[j] = lower < low[j] ? lower : low[j];
                high[j] = upper > high[j] ? upper : high[j];
                double s = a[j] - mid[j], t = b[j] - mid[j], u = c[j] - mid[j], v = d[j] - mid[j];
                first[j] += (s + t) + (u + v);
                second[j] += (s * s + t * t) + (u * u + v * v);
            }
        }
        for (; r < n; r++) {
            const double *restrict x = X + r * p + start;
#pragma omp simd
            for (Py_ssize_t j = 0; j < width; j++) {
                double u = x[j] - mid[j];
                low[j] = x[j] < low[j] ? x[j] : low[j];
                high[j] = x[j] > high[j] ? x[j] : high[j];
                first[j] += u;
                second[j] += u * u;
            }
        }
    }
}

PyObject *survey_rows(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 3) return PyErr_Format(PyExc_TypeError, "survey_rows takes 3 arrays");
    Array arrays[3]; /* X, middle, found */
    if (!borrow_all(args, arrays, "ddD")) return NULL;
    Py_ssize_t p = arrays[1].size, n = p > 0 ? arrays[0].size / p : 0;
    double *found = arrays[2].data;
    int sound = n > 0 && n * p == arrays[0].size && arrays[2].size == 4 * p;
    if (sound) {
        Py_BEGIN_ALLOW_THREADS
        surveyed(arrays[0].data, arrays[1].data, (Found){found, found + p, found + 2 * p, found + 3 * p}, n, p);
        Py_END_ALLOW_THREADS
    } else {
        PyErr_Format(PyExc_ValueError, "%zd numbers are no rows of %zd columns, or %zd have no room for what is found",
                     arrays[0].size, p, arrays[2].size);
    }
    give_back(arrays, 3);
    if (!sound) return NULL;
    Py_RETURN_NONE;
}
