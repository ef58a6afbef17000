/* The loss of two classes and its residual, in one pass over the logits. */

#include "kernels.h"

#define PIECE 512 /* rows whose labels are read at a time */

WIDE void binary_rows(const double *restrict eta, const double *restrict positive, double *restrict losses,
                      double *restrict residual, Py_ssize_t n) {
#pragma omp simd
    for (Py_ssize_t i = 0; i < n; i++) {
        double x = eta[i], size = fabs(x), sign = positive[i] > 0.0 ? 1.0 : -1.0;
        double margin = sign * x; /* how far the true class is ahead */
        double small = exp_of_negative(-size), total = 1.0 + small;
        losses[i] = 0.5 * (size - margin) + log1p_of_share(small, 1.0 / total);
        residual[i] = -sign * (margin > 0.0 ? small : 1.0) / total;
    }
}

/* Codes as floating point numbers. */
static void numbers_of(const void *codes, char format, Py_ssize_t first, Py_ssize_t count, double *numbers) {
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t at = first + i;
        numbers[i] = format == 'b'   ? ((const signed char *)codes)[at]
                     : format == 'd' ? ((const double *)codes)[at]
                                     : (double)((const int64_t *)codes)[at];
    }
}

PyObject *binary_loss(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 4) return PyErr_Format(PyExc_TypeError, "binary_loss takes 4 arrays");
    Array arrays[4];
    static const char *const formats[] = {"d", NULL, "d", "d"};
    for (int i = 0; i < 4; i++)
        if (!borrow(args[i], &arrays[i], formats[i], i ? arrays[0].size : -1, i > 1)) {
            give_back(arrays, i);
            return NULL;
        }
    const char *found = arrays[1].view.format ? arrays[1].view.format : "B";
    char format = *found == 'l' && arrays[1].view.itemsize == 8 ? 'q' : *found;
    int known = strchr("bdq", format) && !found[1];
    if (known) {
        const double *eta = arrays[0].data;
        double *losses = arrays[2].data, *residual = arrays[3].data, positive[PIECE];
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t first = 0, n = arrays[0].size; first < n; first += PIECE) {
            Py_ssize_t some = n - first < PIECE ? n - first : PIECE;
            numbers_of(arrays[1].data, format, first, some, positive);
            binary_rows(eta + first, positive, losses + first, residual + first, some);
        }
        Py_END_ALLOW_THREADS
    } else {
        PyErr_Format(PyExc_ValueError, "codes must be int8, int64 or float64, but are of format %s", found);
    }
    give_back(arrays, 4);
    if (!known) return NULL;
    Py_RETURN_NONE;
}
