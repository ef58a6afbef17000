/* The loss of two classes, its residual and its curvature, in one pass over the logits. */

#include "kernels.h"

WIDE static void binary(const double *restrict eta, const double *restrict positive, double *restrict losses,
                        double *restrict residual, Py_ssize_t n) {
#pragma omp simd
    for (Py_ssize_t i = 0; i < n; i++) {
        double x = eta[i], size = fabs(x), sign = positive[i] > 0.0 ? 1.0 : -1.0;
        double margin = sign * x; /* how far the true class is ahead */
        double small = exp_of_negative(-size), inverse = 1.0 / (1.0 + small);
        losses[i] = 0.5 * (size - margin) + log1p_of_share(small, inverse);
        residual[i] = -sign * (margin > 0.0 ? small : 1.0) * inverse;
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
    binary(arrays[0].data, arrays[1].data, arrays[2].data, arrays[3].data, n);
    Py_END_ALLOW_THREADS
    give_back(arrays, 4);
    Py_RETURN_NONE;
}
