/* The loss of two classes, its residual and its curvature, in one pass over the logits. */

#include "kernels.h"

/* log(1 + s) for 0 <= s <= 1, to two units in the last place. */
INLINE double log1p_of_share(double s) {
    double u = 1.0 + s, lost = s - (u - 1.0); /* u - 1 is exact, and so is what the sum lost */
    int upper = u > 1.4142135623730951;
    double f = (upper ? 0.5 * u : u) - 1.0; /* exact */
    double z = f / (2.0 + f), w = z * z;    /* log(1 + f) = 2 artanh(z), |z| <= 0.1716 */
    double p = 1.0 / 21.0;
    p = fma(p, w, 1.0 / 19.0);
    p = fma(p, w, 1.0 / 17.0);
    p = fma(p, w, 1.0 / 15.0);
    p = fma(p, w, 1.0 / 13.0);
    p = fma(p, w, 1.0 / 11.0);
    p = fma(p, w, 1.0 / 9.0);
    p = fma(p, w, 1.0 / 7.0);
    p = fma(p, w, 1.0 / 5.0);
    p = fma(p, w, 1.0 / 3.0);
    double tail = 2.0 * z * w * p; /* log(1 + f) = 2 z + tail, and 2 z = f - z f */
    double small = lost / u - z * f + tail;
    return upper ? 6.93147180369123816490e-01 + (1.90821492927058770002e-10 + small + f) : small + f;
}

WIDE void binary_rows(const double *restrict eta, const double *restrict positive, double *restrict losses,
                      double *restrict residual, Py_ssize_t n) {
#pragma omp simd
    for (Py_ssize_t i = 0; i < n; i++) {
        double x = eta[i], size = fabs(x), sign = positive[i] > 0.0 ? 1.0 : -1.0;
        double margin = sign * x; /* how far the true class is ahead */
        double small = exp_of_negative(-size), total = 1.0 + small;
        losses[i] = 0.5 * (size - margin) + log1p_of_share(small);
        residual[i] = -sign * (margin > 0.0 ? small : 1.0) / total;
    }
}

PyObject *binary_loss(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 4) return PyErr_Format(PyExc_TypeError, "binary_loss takes 4 arrays");
    Array arrays[4];
    Py_ssize_t n = -1;
    for (int i = 0; i < 4; i++) {
        if (!borrow(args[i], &arrays[i], "d", n, i > 1)) {
            give_back(arrays, i);
            return NULL;
        }
        n = arrays[0].size;
    }
    Py_BEGIN_ALLOW_THREADS
    binary_rows(arrays[0].data, arrays[1].data, arrays[2].data, arrays[3].data, n);
    Py_END_ALLOW_THREADS
    give_back(arrays, 4);
    Py_RETURN_NONE;
}
